import { generateKeyPairSync } from 'node:crypto';
import { makeCertificate } from '../certificate.ts';

/** The Google hosts that firebase-admin talks to. */
export const GOOGLE_HOSTS = [
  'fcm.googleapis.com',
  'iid.googleapis.com',
  'oauth2.googleapis.com',
  'www.googleapis.com',
] as const;

/** A certificate authority of this run alone and a certificate of it for Google's hosts; PEM. */
export const makeCertificates = () =>
  makeCertificate('piStats local FCM stand-in', [...GOOGLE_HOSTS, '127.0.0.1']);

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
