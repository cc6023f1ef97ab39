import { connect } from 'node:net';
import { FrameReader } from '../../kong/plugin-server/frames.ts';

export interface RawPeer {
  write(bytes: Uint8Array): void;
  /** The next frame's payload; fails once the other side has closed and nothing is left. */
  read(): Promise<Buffer>;
  /** True once the other side closed. */
  gone(): boolean;
  closed(): Promise<void>;
  close(): void;
}

/** A connection that writes any bytes, and reads frames. */
export async function connectRaw(path: string): Promise<RawPeer> {
  const socket = connect(path);
  const reader = new FrameReader(16 * 1024 * 1024);
  const ready: Buffer[] = [];
  let wake = () => {};
  let over = false;
  socket.on('data', (chunk: Buffer) => {
    ready.push(...reader.push(chunk));
    wake();
  });
  socket.on('error', () => {});
  const closing = new Promise<void>((resolve) =>
    socket.on('close', () => {
      over = true;
      wake();
      resolve();
    }),
  );
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return {
    write: (bytes) => void socket.write(bytes),
    async read() {
      for (;;) {
        const payload = ready.shift();
        if (payload) return payload;
        if (over) throw new Error('closed');
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    gone: () => over,
    closed: () => closing,
    close: () => socket.destroy(),
  };
}
