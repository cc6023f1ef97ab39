import { connect } from 'node:net';
import { decode, encode } from '@msgpack/msgpack';

/** Data of a step: `ret` ends the event, else a PDK call. */
interface Step {
  Data: 'ret' | { Method: string; Args: unknown[] };
  EventId: number;
}
export interface StockOutcome {
  calls: string[];
  /** arguments of kong.response.exit: status, body, headers */
  exit?: unknown[];
}

/** Kong's side of MsgPack:1, which the stock kong-js-pluginserver speaks: one call at a time on a connection. */
export interface StockClient {
  start(name: string, config: object): Promise<{ Name: string; Id: number; Config: object }>;
  event(id: number, answer?: (method: string, args: unknown[]) => unknown): Promise<StockOutcome>;
  close(): void;
}

export async function connectStock(socketPath: string): Promise<StockClient> {
  const socket = connect(socketPath);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  let buffer = Buffer.alloc(0);
  let id = 0;
  let waiting: { resolve(value: unknown): void; reject(error: Error): void } | undefined;
  socket.on('error', () => {});
  socket.on('close', () => waiting?.reject(new Error('closed')));
  socket.on('data', (chunk) => {
    buffer = Buffer.concat([buffer, chunk]);
    let message: [type: number, id: number, error: string | null, result: unknown];
    try {
      message = decode(buffer) as typeof message;
    } catch {
      return; // more is to come
    }
    buffer = Buffer.alloc(0);
    const [type, answered, error, result] = message;
    if (error) waiting?.reject(new Error(error));
    else if (type !== 1 || answered !== id) waiting?.reject(new Error('the answer of another call'));
    else waiting?.resolve(result);
  });

  function call<T>(method: string, argument: unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      waiting = { resolve: resolve as (value: unknown) => void, reject };
      socket.write(encode([0, ++id, `plugin.${method}`, [argument]]));
    });
  }

  return {
    start: (Name, config) => call('StartInstance', { Name, Config: JSON.stringify(config) }),
    async event(InstanceId, answer = () => undefined) {
      const calls: string[] = [];
      let step = await call<Step>('HandleEvent', { InstanceId, EventName: 'access' });
      while (step.Data !== 'ret') {
        const { Method, Args } = step.Data;
        calls.push(Method);
        if (Method === 'kong.response.exit') return { calls, exit: Args };
        const Data = answer(Method, Args);
        // nil: the key is missing
        step = await call<Step>(
          'Step',
          Data === undefined ? { EventId: step.EventId } : { EventId: step.EventId, Data },
        );
      }
      return { calls };
    },
    close: () => socket.destroy(),
  };
}
