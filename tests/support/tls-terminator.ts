import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import { makeCertificate } from '../../infra/local/certificate.ts';

interface Teardown {
  teardown(f: () => unknown): unknown;
}

/**
 * TLS in front of a service on 127.0.0.1 that speaks none, as ElastiCache has it in front of its Redis: a certificate for
 * 127.0.0.1 and `localhost` by an authority of its own, whose PEM is `ca`.
 */
export async function tlsTerminator(t: Teardown, targetPort: number): Promise<{ port: number; ca: string }> {
  const { ca, cert, key } = await makeCertificate('an authority of this test', ['localhost', '127.0.0.1']);
  const open = new Set<Socket>();
  const server = createServer({ key, cert }, (secure) => {
    const plain = connect(targetPort, '127.0.0.1');
    for (const [from, to] of [
      [secure, plain],
      [plain, secure],
    ] as const) {
      open.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  // clients that do not trust the authority
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, ca };
}
