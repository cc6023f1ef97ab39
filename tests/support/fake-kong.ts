import { connect } from 'node:net';
import {
  AuthenticateArgs,
  ExitArgs,
  KeyValue,
  RpcCall,
  RpcReturn,
} from '../../kong/protocol/plugin-messages.ts';
import { type Decoded, decodeMessage, encodeMessage, type Json } from '../../kong/protocol/protobuf.ts';

/** One PDK call as the plugin server wrote it. */
export interface PdkCall {
  method: string;
  args: Buffer;
}
export interface Exit {
  status: number;
  body: string;
  headers: Record<string, Json>;
}
/** How an event ended: by an answer to the request, by RpcReturn, or by a closed connection. */
export type Outcome = { exit: Exit } | { returned: number } | 'closed';

/** Gives the payloads of Kong's answers to the PDK calls read so far, or undefined to wait for more calls. */
export type Answer = (calls: PdkCall[]) => (Uint8Array | undefined)[] | undefined;

/** Kong's side of one connection of ProtoBuf:1. */
export interface FakeKong {
  start(name: string, config?: Record<string, Json>): Promise<number>;
  closeInstance(id: number): Promise<void>;
  /** Runs one event; every PDK call gets an empty answer unless `answer` says otherwise. */
  event(id: number, answer?: Answer, phase?: string): Promise<Outcome>;
  /** raw bytes, for what Kong never sends; `chunk`: bytes a write */
  write(bytes: Uint8Array): void;
  /** every PDK call of every event */
  calls: PdkCall[];
  closed(): Promise<void>;
  close(): void;
}

export const frameOf = (payload: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(payload);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(bytes.length);
  return Buffer.concat([head, bytes]);
};

export async function connectKong(socketPath: string): Promise<FakeKong> {
  const socket = connect(socketPath);
  const ready: Buffer[] = [];
  const waiting: { resolve(payload: Buffer): void; reject(error: Error): void }[] = [];
  let buffer = Buffer.alloc(0);
  let gone = false;
  let sequence = 0;
  const closing = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('error', () => {});
  socket.on('close', () => {
    gone = true;
    for (const { reject } of waiting.splice(0)) reject(new Error('closed'));
  });
  socket.on('data', (data) => {
    buffer = Buffer.concat([buffer, data]);
    while (buffer.length >= 4 && buffer.length >= 4 + buffer.readUInt32LE()) {
      const end = 4 + buffer.readUInt32LE();
      const payload = buffer.subarray(4, end);
      buffer = buffer.subarray(end);
      const next = waiting.shift();
      if (next) next.resolve(payload);
      else ready.push(payload);
    }
  });
  const read = () =>
    new Promise<Buffer>((resolve, reject) => {
      const payload = ready.shift();
      if (payload) resolve(payload);
      else if (gone) reject(new Error('closed'));
      else waiting.push({ resolve, reject });
    });
  const send = (command: Decoded) => {
    sequence += 1;
    socket.write(frameOf(encodeMessage(RpcCall, { sequence, ...command })));
  };
  const calls: PdkCall[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });

  async function run(answer: Answer): Promise<Outcome> {
    let open: PdkCall[] = [];
    for (;;) {
      const method = (await read()).toString();
      if (method === '') return { returned: decodeMessage(RpcReturn, await read()).sequence as number };
      const call = { method, args: await read() };
      calls.push(call);
      if (method === 'kong.response.exit') {
        const { status, body, headers } = decodeMessage(ExitArgs, call.args);
        socket.destroy();
        return {
          exit: {
            status: status as number,
            body: String(body),
            headers: (headers ?? {}) as Record<string, Json>,
          },
        };
      }
      open.push(call);
      const answers = answer(open);
      if (!answers) continue;
      for (const payload of answers) socket.write(frameOf(payload ?? ''));
      open = [];
    }
  }

  return {
    calls,
    async start(name, config = {}) {
      send({ cmd_start_instance: { name, config: Buffer.from(JSON.stringify(config)) } });
      const { instance_status } = decodeMessage(RpcReturn, await read());
      return (instance_status as { instance_id: number }).instance_id;
    },
    async closeInstance(instance_id) {
      send({ cmd_close_instance: { instance_id } });
      await read();
    },
    async event(instance_id, answer = (open) => open.map(() => undefined), event_name = 'access') {
      send({ cmd_handle_event: { instance_id, event_name } });
      try {
        return await run(answer);
      } catch (error) {
        if ((error as Error).message === 'closed') return 'closed';
        throw error;
      }
    },
    write: (bytes) => void socket.write(bytes),
    closed: () => closing,
    close: () => socket.destroy(),
  };
}

export const keyValueOf = (args: Buffer) => decodeMessage(KeyValue, args) as { k: string; v: Json };
export const authenticateOf = (args: Buffer) => decodeMessage(AuthenticateArgs, args);
