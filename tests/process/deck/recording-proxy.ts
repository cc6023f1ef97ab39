import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RecordedCall {
  method: string;
  path: string;
  body?: unknown;
  /** what the gateway answered */
  status: number;
}

/** Stands between decK and an Admin API and writes down what passes. */
export async function recordingProxy(
  port: number,
): Promise<{ port: number; calls: RecordedCall[]; close(): void }> {
  const calls: RecordedCall[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks);
      const { method = 'GET', url: path = '/', headers } = req;
      const onward = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
        const call: RecordedCall = { method, path, status: answer.statusCode ?? 0 };
        if (body.length > 0) call.body = JSON.parse(body.toString());
        calls.push(call);
        res.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(res);
      });
      onward.on('error', () => res.destroy());
      onward.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    calls,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
