import { createServer } from 'node:net';
import { StopError } from './stop-error.ts';

/** A TCP port that was free on 127.0.0.1 a moment ago. */
export function freePort(): Promise<number> {
  return listenOnce(0);
}

/** Throws a StopError when something listens on `port` already. */
export async function requirePort(port: number, variable: string): Promise<void> {
  await listenOnce(port).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE')
      throw new StopError(
        `port ${port} is in use; stop what listens there or set ${variable} to another port.`,
      );
    if (error.code === 'EACCES')
      throw new StopError(`port ${port} needs privileges; set ${variable} to one above 1023.`);
    throw error;
  });
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}
