import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { FrameReader } from '../../../kong/plugin-server/frames.ts';
import { RpcCall, RpcReturn } from '../../../kong/protocol/plugin-messages.ts';
import { decodeMessage } from '../../../kong/protocol/protobuf.ts';
import { socketDir } from '../../support/server-fixture.ts';

/** What passed, in the words of the protocol. */
export type Passed =
  | { what: 'start'; connection: number; name: string; config: Record<string, unknown>; id: number }
  | { what: 'close'; connection: number; id: number }
  | { what: 'event'; connection: number; id: number; phase: string; methods: string[]; returned: boolean };

export interface Tap {
  path: string;
  passed: Passed[];
}

interface Command {
  cmd_start_instance?: { name: string; config: Buffer };
  cmd_close_instance?: { instance_id: number };
  cmd_handle_event?: { instance_id: number; event_name: string };
}

function begin(payload: Buffer, connection: number): Passed {
  const call = decodeMessage(RpcCall, payload) as Command;
  const { cmd_start_instance: start, cmd_handle_event: event, cmd_close_instance: close } = call;
  if (start) {
    const config = JSON.parse(String(start.config)) as Record<string, unknown>;
    return { what: 'start', connection, name: start.name, config, id: 0 };
  }
  if (close) return { what: 'close', connection, id: close.instance_id };
  if (!event) throw new RangeError('a call without a command');
  const { instance_id: id, event_name: phase } = event;
  return { what: 'event', connection, id, phase, methods: [], returned: false };
}

/** Stands between the gateway and the plugin server, and changes nothing. */
export async function tapPluginServer(
  t: { teardown(run: () => unknown): void },
  target: string,
): Promise<Tap> {
  const sockets = new Set<Socket>();
  const tap: Tap = { path: join(socketDir(t), 's'), passed: [] };
  let connections = 0;
  const server = createServer((gateway) => {
    const plugins = connect(target);
    connections += 1;
    const connection = connections;
    const [asked, answered] = [new FrameReader(1e8), new FrameReader(1e8)];
    let current: Passed | undefined;
    let frames = 0;
    gateway.on('data', (chunk: Buffer) => {
      for (const payload of asked.push(chunk))
        if (!current) {
          current = begin(payload, connection);
          frames = 0;
          tap.passed.push(current);
        }
      plugins.write(chunk);
    });
    plugins.on('data', (chunk: Buffer) => {
      for (const payload of answered.push(chunk)) {
        if (current?.what === 'event' && !current.returned) {
          // method, arguments, method, …, and an empty frame in a method's place before the return
          if (frames++ % 2 === 1) continue;
          if (payload.length === 0) current.returned = true;
          else current.methods.push(String(payload));
          continue;
        }
        const { instance_status } = decodeMessage(RpcReturn, payload);
        if (current?.what === 'start') current.id = (instance_status as { instance_id: number }).instance_id;
        current = undefined;
      }
      gateway.write(chunk);
    });
    sockets.add(gateway);
    gateway.on('close', () => sockets.delete(gateway));
    for (const [one, other] of [
      [gateway, plugins],
      [plugins, gateway],
    ] as const) {
      one.on('error', () => {});
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(tap.path, resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return tap;
}
