import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { frame } from '../../infra/local/gateway/plugin-connection.ts';
import { ExitArgs, RpcCall, RpcReturn } from '../../kong/protocol/plugin-messages.ts';
import { decodeMessage, encodeMessage, type Json } from '../../kong/protocol/protobuf.ts';

export interface FakeEvent {
  phase: string;
  config: Record<string, Json>;
  connection: number;
  /** one PDK call; the answer's payload */
  call(method: string, args?: Uint8Array): Promise<Buffer>;
  /** several PDK calls in one write; the answers in order */
  calls(list: [method: string, args?: Uint8Array][]): Promise<Buffer[]>;
  exit(status: number, body?: string, headers?: Record<string, Json>): void;
  /** closes the connection in the middle of the event */
  drop(): void;
  /** raw bytes, for what no sound plugin server sends */
  write(bytes: Uint8Array): void;
}
/** Ends the event when it returns, unless it returned 'open'. */
export type Handler = (event: FakeEvent) => Promise<'open' | undefined> | 'open' | undefined;

export interface FakePluginServer {
  path: string;
  /** every instance ever started, in order */
  started: { name: string; id: number; config: Record<string, Json> }[];
  /** ids of the instances closed */
  closed: number[];
  connections: number;
  events: number;
  /** makes it forget every instance, as a restart does */
  forget(): void;
  close(): Promise<void>;
}

/** A plugin server that speaks ProtoBuf:1, for the gateway's side of it. `chunk`: bytes a write, to split frames. */
export async function startFakePluginServer(
  handlers: Record<string, Handler>,
  { chunk }: { chunk?: number } = {},
): Promise<FakePluginServer> {
  const dir = mkdtempSync(join(tmpdir(), 'fps-'));
  const path = join(dir, 's');
  const known = new Map<number, { name: string; config: Record<string, Json> }>();
  const sockets = new Set<Socket>();
  const fake: Omit<FakePluginServer, 'close'> = {
    path,
    started: [],
    closed: [],
    connections: 0,
    events: 0,
    forget: () => known.clear(),
  };

  function serve(socket: Socket): void {
    sockets.add(socket);
    fake.connections += 1;
    const connection = fake.connections;
    socket.setNoDelay(true);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let buffer = Buffer.alloc(0);
    const waiting: ((payload: Buffer) => void)[] = [];
    const ready: Buffer[] = [];
    socket.on('data', (data) => {
      buffer = Buffer.concat([buffer, data]);
      while (buffer.length >= 4 && buffer.length >= 4 + buffer.readUInt32LE(0)) {
        const end = 4 + buffer.readUInt32LE(0);
        ready.push(buffer.subarray(4, end));
        buffer = buffer.subarray(end);
        const next = waiting.shift();
        if (next) next(ready.shift() as Buffer);
      }
    });
    const read = () =>
      new Promise<Buffer>((resolve) => {
        const payload = ready.shift();
        if (payload) resolve(payload);
        else waiting.push(resolve);
      });
    const send = (...payloads: Uint8Array[]) => {
      const bytes = Buffer.concat(payloads.map(frame));
      const size = chunk ?? bytes.length;
      for (let at = 0; at < bytes.length; at += size) socket.write(bytes.subarray(at, at + size));
    };
    const pair = (method: string, args: Uint8Array = Buffer.alloc(0)) => [Buffer.from(method), args];

    (async () => {
      for (;;) {
        const call = decodeMessage(RpcCall, await read());
        const sequence = call.sequence as number;
        if (call.cmd_start_instance) {
          const { name, config } = call.cmd_start_instance as { name: string; config: Buffer };
          const id = fake.started.length + 1;
          const parsed = JSON.parse(config.toString()) as Record<string, Json>;
          fake.started.push({ name, id, config: parsed });
          known.set(id, { name, config: parsed });
          const instance_status = { name, instance_id: id, started_at: 1 };
          send(encodeMessage(RpcReturn, { sequence, instance_status }));
        } else if (call.cmd_close_instance) {
          const { instance_id } = call.cmd_close_instance as { instance_id: number };
          fake.closed.push(instance_id);
          send(encodeMessage(RpcReturn, { sequence }));
        } else {
          const { instance_id, event_name } = call.cmd_handle_event as {
            instance_id: number;
            event_name: string;
          };
          fake.events += 1;
          const instance = known.get(instance_id);
          if (!instance) {
            socket.destroy(); // ProtoBuf:1 has no error message: an unknown instance closes
            return;
          }
          let open = false;
          const event: FakeEvent = {
            phase: event_name,
            config: instance.config,
            connection,
            async call(method, args) {
              send(...pair(method, args));
              return read();
            },
            async calls(list) {
              send(...list.flatMap(([method, args]) => pair(method, args)));
              const answers: Buffer[] = [];
              for (const _ of list) answers.push(await read());
              return answers;
            },
            exit(status, body, headers) {
              open = true;
              const values = { status, body: body === undefined ? undefined : Buffer.from(body), headers };
              send(...pair('kong.response.exit', encodeMessage(ExitArgs, values)));
            },
            drop() {
              open = true;
              socket.destroy();
            },
            write: (bytes) => socket.write(bytes),
          };
          const outcome = await handlers[instance.name]?.(event);
          if (open || outcome === 'open') continue;
          send(Buffer.alloc(0), encodeMessage(RpcReturn, { sequence }));
        }
      }
    })();
  }

  const server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return Object.assign(fake, {
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(dir, { recursive: true, force: true });
    },
  });
}
