import { generate } from 'selfsigned';

/** A certificate for `hosts` (names or IPv4 addresses), and the authority of its own that signed it; PEM. */
export async function certificate(...hosts: string[]): Promise<{ ca: string; cert: string; key: string }> {
  const options = { keySize: 2048, algorithm: 'sha256' } as const;
  const authority = await generate([{ name: 'commonName', value: 'an authority of this test' }], {
    ...options,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const leaf = await generate([{ name: 'commonName', value: hosts[0] ?? 'localhost' }], {
    ...options,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: hosts.map((value) =>
          /^[\d.]+$/.test(value) ? { type: 7 as const, ip: value } : { type: 2 as const, value },
        ),
      },
    ],
  });
  return { ca: authority.cert, cert: leaf.cert, key: leaf.private };
}
