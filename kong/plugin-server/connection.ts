import type { Socket } from 'node:net';
import { exitWithProblem } from '../../plugins/exit.ts';
import { RpcCall, RpcReturn } from '../protocol/plugin-messages.ts';
import { decodeMessage, encodeMessage } from '../protocol/protobuf.ts';
import { FrameReader, frame } from './frames.ts';
import type { Instances } from './instances.ts';
import { createPdkClient, type PdkClient } from './pdk-client.ts';

/** A request's body may be 512 KiB; the largest frame is one answer that carries it. */
const MAX_FRAME_BYTES = 8 * 1024 * 1024;

export interface ConnectionEvents {
  /** A plugin threw: the client got 503. Never called with anything of the request. */
  pluginError(plugin: string, error: unknown): void;
  /** A plugin refused its configuration, or there is none of that name: Kong answers 500. */
  startError(plugin: string, error: unknown): void;
  handled(plugin: string, roundTrips: number): void;
}

interface Call {
  sequence: number;
  cmd_start_instance?: { name: string; config: Buffer };
  cmd_close_instance?: { instance_id: number };
  cmd_handle_event?: { instance_id: number; event_name: string };
}

/** The events under way on one connection: at most one at a time. */
export interface Connection {
  readonly busy: boolean;
  close(): void;
}

/** Kong's ProtoBuf:1 on one connection. What is no protocol closes the connection, and nothing else. */
export function serveConnection(socket: Socket, instances: Instances, events: ConnectionEvents): Connection {
  const reader = new FrameReader(MAX_FRAME_BYTES);
  let pdk: PdkClient | undefined;
  let ended = false;

  const end = () => {
    ended = true;
    socket.destroy();
    pdk?.abandon();
  };
  socket.setNoDelay(true);
  socket.on('error', end);
  socket.on('close', end);
  // nothing more is taken from a peer that does not read
  const write = (bytes: Buffer) => {
    if (!socket.write(bytes)) socket.pause();
  };
  socket.on('drain', () => socket.resume());
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const payload of reader.push(chunk)) if (!ended) take(payload);
    } catch {
      end();
    }
  });

  function take(payload: Buffer): void {
    if (!pdk) {
      dispatch(decodeMessage(RpcCall, payload) as unknown as Call);
      return;
    }
    if (pdk.outstanding === 0) throw new RangeError('a call while an event is under way');
    pdk.answer(payload);
  }

  /** Kong hears nothing but a closed connection: the reason is in this server's log alone. */
  function start(name: string, config: string) {
    try {
      return instances.start(name, config);
    } catch (error) {
      events.startError(name, error);
      throw error;
    }
  }

  function dispatch({ sequence, cmd_start_instance, cmd_close_instance, cmd_handle_event }: Call): void {
    if (cmd_start_instance) {
      const { name, config } = cmd_start_instance;
      const started = start(name, config.toString());
      const instance_status = { name, instance_id: started.id, started_at: started.startedAt };
      send(encodeMessage(RpcReturn, { sequence, instance_status }));
    } else if (cmd_close_instance) {
      instances.close(cmd_close_instance.instance_id);
      send(encodeMessage(RpcReturn, { sequence }));
    } else if (cmd_handle_event)
      void handle(sequence, cmd_handle_event.instance_id, cmd_handle_event.event_name);
    else throw new RangeError('an unknown command');
  }

  async function handle(sequence: number, instanceId: number, phase: string): Promise<void> {
    const instance = instances.get(instanceId);
    // an instance of a process before this one: on "closed" Kong starts it anew and repeats the event
    if (!instance) return end();
    const current = createPdkClient(write);
    pdk = current;
    try {
      await instance.run(phase, current.kong);
    } catch (error) {
      if (!ended) {
        events.pluginError(instance.plugin, error);
        if (!current.exited)
          await exitWithProblem(current.kong, 'unavailable', { retryAfter: 1 }).catch(() => {});
      }
    }
    events.handled(instance.plugin, current.roundTrips);
    if (ended) return;
    // Kong answers the calls before the exit first; could it not write that, it would repeat the event
    if (current.exited && current.outstanding > 0) return;
    pdk = undefined;
    if (current.exited) return;
    // calls the plugin did not wait for: their answers would be taken for the next call
    if (current.outstanding > 0) return end();
    write(Buffer.concat([frame(''), frame(encodeMessage(RpcReturn, { sequence }))]));
  }

  const send = (payload: Uint8Array) => write(frame(payload));

  return {
    get busy() {
      return pdk !== undefined && !ended;
    },
    close: end,
  };
}
