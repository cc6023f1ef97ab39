import { connect } from 'node:net';
import type { Bytes } from '../../../kong/protocol/protobuf.ts';

/** A frame above this closes the connection; Kong itself has no bound here, its worker's memory is one. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;

/** One connection to the plugin server. Errors carry Kong's words: `closed`, `timeout`, `connection refused`. */
export interface PluginConnection {
  write(frames: Bytes[]): void;
  /** The next frame's payload. */
  read(): Promise<Buffer>;
  close(): void;
  /** False once the other side has gone away, or wrote what nobody asked for: nginx keeps neither in its pool. */
  reusable(): boolean;
}

export function frame(payload: Bytes): Buffer {
  const out = Buffer.allocUnsafe(4 + payload.length);
  out.writeUInt32LE(payload.length);
  out.set(payload, 4);
  return out;
}

function connectError(error: NodeJS.ErrnoException): Error {
  if (error.code === 'ECONNREFUSED') return new Error('connection refused');
  if (error.code === 'ENOENT') return new Error('no such file or directory');
  return new Error(error.message);
}

/**
 * @param socketPath the plugin server's unix socket
 * @param timeoutMs how long one read may take, and the connecting
 */
export async function openConnection(
  socketPath: string,
  timeoutMs: number,
  onClose: (connection: PluginConnection) => void,
): Promise<PluginConnection> {
  const socket = connect(socketPath);
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error('timeout'));
    }, timeoutMs);
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(connectError(error));
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve();
    });
  });

  let chunks: Buffer[] = [];
  let buffered = 0;
  /** bytes from which on there is something to take: a length, then a whole frame */
  let wanted = 4;
  let waiting: { resolve: (payload: Buffer) => void; reject: (error: Error) => void } | undefined;
  let failure: Error | undefined;

  function takeFrame(): Buffer | undefined {
    if (buffered < wanted) return undefined;
    const all = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, buffered);
    chunks = [all];
    const length = all.readUInt32LE();
    if (length > MAX_FRAME_BYTES) {
      fail(new Error('frame too large'));
      return undefined;
    }
    wanted = 4 + length;
    if (buffered < wanted) return undefined;
    chunks = [all.subarray(wanted)];
    buffered -= wanted;
    wanted = 4;
    return all.subarray(4, 4 + length);
  }

  function fail(error: Error): void {
    failure ??= error;
    socket.destroy();
    waiting?.reject(failure);
    waiting = undefined;
  }

  socket.removeAllListeners('error');
  socket.on('error', () => fail(new Error('closed')));
  socket.on('close', () => {
    fail(new Error('closed'));
    onClose(connection);
  });
  socket.on('end', () => fail(new Error('closed')));
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    buffered += chunk.length;
    if (!waiting) {
      if (buffered > MAX_FRAME_BYTES) fail(new Error('more than was asked for'));
      return;
    }
    const payload = takeFrame();
    if (!payload || !waiting) return;
    waiting.resolve(payload);
    waiting = undefined;
  });

  const connection: PluginConnection = {
    write(frames) {
      // the answers of one tick leave in one packet
      if (socket.writableCorked === 0) {
        socket.cork();
        process.nextTick(() => socket.uncork());
      }
      for (const payload of frames) socket.write(frame(payload));
    },
    read() {
      const ready = takeFrame();
      if (ready) return Promise.resolve(ready);
      if (failure) return Promise.reject(failure);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => fail(new Error('timeout')), timeoutMs);
        waiting = {
          resolve: (payload) => {
            clearTimeout(timer);
            resolve(payload);
          },
          reject: (error) => {
            clearTimeout(timer);
            reject(error);
          },
        };
      });
    },
    close: () => fail(new Error('closed')),
    reusable: () => failure === undefined && buffered === 0,
  };
  return connection;
}
