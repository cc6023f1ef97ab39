import { generateKeyPairSync } from 'node:crypto';
import { generate } from 'selfsigned';

/** The Google hosts that firebase-admin talks to. */
export const GOOGLE_HOSTS = [
  'fcm.googleapis.com',
  'iid.googleapis.com',
  'oauth2.googleapis.com',
  'www.googleapis.com',
];

/** A certificate authority of this run alone and a certificate of it for Google's hosts; PEM. */
export async function makeCertificates(): Promise<{ ca: string; cert: string; key: string }> {
  const options = { keySize: 2048, algorithm: 'sha256' } as const;
  const authority = await generate([{ name: 'commonName', value: 'piStats local FCM stand-in' }], {
    ...options,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const leaf = await generate([{ name: 'commonName', value: GOOGLE_HOSTS[0] as string }], {
    ...options,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...GOOGLE_HOSTS.map((value) => ({ type: 2 as const, value })),
          { type: 7 as const, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { ca: authority.cert, cert: leaf.cert, key: leaf.private };
}

/** A service account as Google's console gives it out, with a key that only the stand-in takes. */
export function makeServiceAccount(project: string): Record<string, string> {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return {
    type: 'service_account',
    project_id: project,
    private_key_id: 'local',
    private_key: privateKey,
    client_email: `push@${project}.iam.gserviceaccount.com`,
    client_id: '1',
    token_uri: 'https://oauth2.googleapis.com/token',
  };
}
