import { connect, type Socket } from 'node:net';
import t from 'tap';
import { serve } from '../../support/server-fixture.ts';

/** More than Node's own bound on connections that wait to be taken (511). */
const BURST = 1_000;

// the connects of one tick reach the kernel before this very process can accept one
t.test('a burst of new connections is taken, not refused', async (t) => {
  const { socketPath } = await serve(t, { idle: () => {} });
  const sockets: Socket[] = [];
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  const outcomes = await Promise.all(
    Array.from({ length: BURST }, () => {
      const socket = connect(socketPath);
      sockets.push(socket);
      return new Promise<string>((resolve) => {
        socket.on('connect', () => resolve('connected'));
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      });
    }),
  );
  t.same([...new Set(outcomes)], ['connected']);
});
