import { generate } from 'selfsigned';

/** A certificate for `hosts` (names or IPv4 addresses), and the authority of its own, named `authority`, that signed it; PEM. */
export async function makeCertificate(
  authority: string,
  hosts: readonly [string, ...string[]],
): Promise<{ ca: string; cert: string; key: string }> {
  const options = { keySize: 2048, algorithm: 'sha256' } as const;
  const signer = await generate([{ name: 'commonName', value: authority }], {
    ...options,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const leaf = await generate([{ name: 'commonName', value: hosts[0] }], {
    ...options,
    ca: { key: signer.private, cert: signer.cert },
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
  return { ca: signer.cert, cert: leaf.cert, key: leaf.private };
}
