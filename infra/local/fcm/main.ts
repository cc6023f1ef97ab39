import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeCertificates, makeServiceAccount } from './certificates.ts';
import { createFcmServer } from './server.ts';

/** The FCM stand-in: `node infra/local/fcm/main.ts --dir DIR [--port N] [--project NAME]…`. */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    dir: { type: 'string' },
    project: { type: 'string', multiple: true, default: [] },
  },
});
if (!values.dir) {
  process.stderr.write('--dir is needed: where the certificate and the service accounts are written\n');
  process.exit(2);
}
const credentialsDir = join(values.dir, 'credentials');
mkdirSync(credentialsDir, { recursive: true, mode: 0o700 });
for (const project of values.project) {
  const file = join(credentialsDir, `${project}.json`);
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(makeServiceAccount(project)), { mode: 0o600 });
}
const { ca, cert, key } = await makeCertificates();
const caFile = join(values.dir, 'ca.pem');
writeFileSync(caFile, ca);
const { server } = createFcmServer({ key, cert });
server.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
server.listen(Number(values.port), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ ready: true, port, ca: caFile, credentialsDir })}\n`);
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
