import type { Kong } from '../../plugins/pdk.ts';
import { frame } from './frames.ts';
import { createPdk } from './pdk.ts';
import { METHODS, type Method, type MethodName } from './pdk-methods.ts';

export interface PdkClient {
  kong: Kong;
  /** Kong's next answer. */
  answer(payload: Buffer): void;
  /** The connection is gone: what is still waited for fails. */
  abandon(): void;
  /** True once the plugin answered the request. */
  readonly exited: boolean;
  /** Calls whose answer is still to come. */
  readonly outstanding: number;
  /** Writes so far: calls written together count once. */
  readonly roundTrips: number;
}

type Call = { decode(result: Buffer): unknown; resolve(value: unknown): void; reject(error: Error): void };

/** One event's PDK: the calls of one tick leave in one write, and Kong answers them in order. */
export function createPdkClient(write: (bytes: Buffer) => void): PdkClient {
  const calls: Call[] = [];
  let frames: Buffer[] = [];
  let exited = false;
  let abandoned = false;
  let roundTrips = 0;

  function flush(): void {
    if (frames.length === 0) return;
    roundTrips++;
    write(Buffer.concat(frames));
    frames = [];
  }

  function call(name: MethodName, ...args: unknown[]): Promise<unknown> {
    const method: Method = METHODS[name];
    if (abandoned || exited) return Promise.reject(new Error('closed'));
    if (frames.length === 0) queueMicrotask(flush);
    frames.push(frame(name), frame(method.encode(args)));
    if (name === 'kong.response.exit') {
      // Kong never answers it: it drops the connection
      exited = true;
      return Promise.resolve();
    }
    const result = new Promise((resolve, reject) => calls.push({ decode: method.decode, resolve, reject }));
    // a call the plugin does not wait for must not end the process when Kong is gone
    result.catch(() => {});
    return result;
  }

  return {
    kong: createPdk(call),
    answer(payload) {
      const next = calls.shift();
      if (!next) throw new RangeError('an answer that nobody asked for');
      try {
        next.resolve(next.decode(payload));
      } catch (error) {
        next.reject(error as Error);
      }
    },
    abandon() {
      abandoned = true;
      for (const { reject } of calls.splice(0)) reject(new Error('closed'));
    },
    get exited() {
      return exited;
    },
    get outstanding() {
      return calls.length;
    },
    get roundTrips() {
      return roundTrips;
    },
  };
}
