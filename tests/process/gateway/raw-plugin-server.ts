import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { FrameReader, frame } from '../../../kong/plugin-server/frames.ts';
import { type InstanceStatus, RpcCall, RpcReturn } from '../../../kong/protocol/plugin-messages.ts';
import { decodeMessage, encodeMessage } from '../../../kong/protocol/protobuf.ts';
import { socketDir } from '../../support/server-fixture.ts';

/** A frame of the gateway: the connection it came on, and its payload. */
export interface Sent {
  connection: number;
  payload: Buffer;
}

export interface RawPluginServer {
  path: string;
  sent: Sent[];
  connections: number;
}

/** Called for every frame of the gateway, with a way to write any bytes back. */
export type Play = (sent: Sent, socket: Socket) => void;

/** A plugin server that writes whatever it is told to. */
export async function rawPluginServer(
  t: { teardown(run: () => unknown): void },
  play: Play,
): Promise<RawPluginServer> {
  const server = createServer();
  const sockets = new Set<Socket>();
  const raw: RawPluginServer = { path: join(socketDir(t), 's'), sent: [], connections: 0 };
  server.on('connection', (socket) => {
    raw.connections += 1;
    const connection = raw.connections;
    const reader = new FrameReader(16 * 1024 * 1024);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      for (const payload of reader.push(chunk)) {
        const sent = { connection, payload };
        raw.sent.push(sent);
        play(sent, socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(raw.path, resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return raw;
}

/** The frame that says an instance was started. */
export function startedFrame(call: Uint8Array, instance_id = 7): Buffer {
  const { sequence, cmd_start_instance } = decodeMessage(RpcCall, call);
  const { name } = cmd_start_instance as { name: string };
  const instance_status = { name, instance_id, started_at: 1 } satisfies Partial<
    Record<keyof typeof InstanceStatus, unknown>
  >;
  return frame(encodeMessage(RpcReturn, { sequence, instance_status }));
}

/** Answers StartInstance as it should be, and hands on everything else. */
export function afterStart(play: (sequence: number, sent: Sent, socket: Socket) => void): Play {
  return (sent, socket) => {
    const { sequence, cmd_start_instance } = decodeMessage(RpcCall, sent.payload);
    if (cmd_start_instance) socket.write(startedFrame(sent.payload));
    else play(sequence as number, sent, socket);
  };
}
