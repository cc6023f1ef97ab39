import { connect, createServer, type Socket } from 'node:net';

interface Teardown {
  teardown(f: () => unknown): unknown;
}

/** `silent` swallows what comes from that side; `cut` ends the connection at the next byte from it. */
type Fault = 'none' | 'silent' | 'cut';

/**
 * A way to PostgreSQL or Redis that can be cut or fall silent, and that counts the statements that pass: messages
 * Query and Execute of PostgreSQL's protocol (its manual, 53.7).
 */
export async function startProxy(t: Teardown, target: string) {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const faults: { request: Fault; answer: Fault } = { request: 'none', answer: 'none' };
  const statements: string[] = [];
  /** called before a statement is passed on, with how many there have been */
  const hooks: { onStatement?: (count: number) => void } = {};
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    const pair = [near, far];
    for (const socket of pair) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        for (const other of pair) other.destroy();
      });
    }
    const read = messageReader((type) => {
      if (type !== 'Q' && type !== 'E') return;
      statements.push(type);
      hooks.onStatement?.(statements.length);
    });
    const pass = (from: Socket, to: Socket, side: 'request' | 'answer', seen: (chunk: Buffer) => void) =>
      from.on('data', (chunk: Buffer) => {
        const fault = faults[side];
        if (fault === 'cut') for (const socket of pair) socket.destroy();
        if (fault !== 'none') return;
        seen(chunk);
        to.write(chunk);
      });
    pass(near, far, 'request', read);
    pass(far, near, 'answer', () => {});
  });
  const listen = (at: number) =>
    new Promise<number>((resolve, reject) => {
      server.once('error', reject);
      server.listen(at, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
  const own = await listen(0);
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  t.teardown(close);
  const url = new URL(target);
  url.port = String(own);
  return {
    url: url.href,
    faults,
    hooks,
    statements,
    /** nobody listens any more */
    down: close,
    up: () => listen(own),
  };
}

/** Calls back with the type of each message that a PostgreSQL client sends; its first one has none. */
function messageReader(found: (type: string) => void) {
  let rest = Buffer.alloc(0);
  let first = true;
  return (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const head = first ? 0 : 1;
      if (rest.length < head + 4) return;
      const length = head + rest.readUInt32BE(head);
      if (rest.length < length) return;
      if (!first) found(String.fromCharCode(rest[0] as number));
      first = false;
      rest = rest.subarray(length);
    }
  };
}
