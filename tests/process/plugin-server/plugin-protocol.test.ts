import t from 'tap';
import { frame } from '../../../kong/plugin-server/frames.ts';
import { ExitArgs, RpcCall, RpcReturn, StringBox } from '../../../kong/protocol/plugin-messages.ts';
import { decodeMessage, encodeMessage } from '../../../kong/protocol/protobuf.ts';
import type { Kong } from '../../../plugins/pdk.ts';
import { framesMissing, readFrames } from '../../support/plugin-frames.ts';
import { connectRaw } from '../../support/raw-peer.ts';
import { serve } from '../../support/server-fixture.ts';

const skip = framesMissing();

interface Started {
  sequence: number;
  instance_status: { name: string; instance_id: number; started_at: number };
}
/** A recorded call for an instance that has another number here. */
function ofInstance(payload: Buffer, instance_id: number): Uint8Array {
  const { sequence, cmd_handle_event } = decodeMessage(RpcCall, payload);
  if (!cmd_handle_event) return payload;
  return encodeMessage(RpcCall, { sequence, cmd_handle_event: { ...cmd_handle_event, instance_id } });
}

/** The recorded plugin, written for our plugin server. */
const gohello = (configs: Record<string, unknown>[]) => ({
  async gohello(kong: Kong, config: Record<string, unknown>) {
    configs.push(config);
    const go = await kong.request.getHeader('x-who');
    const body = JSON.stringify({ go, message: config.message });
    await kong.response.exit(200, Buffer.from(body), { 'content-type': ['application/json'] });
  },
});

t.test('the plugin server answers the recorded Kong as the recorded plugin did', { skip }, async (t) => {
  const configs: Record<string, unknown>[] = [];
  const { socketPath } = await serve(t, gohello(configs));
  let instanceId = 0;
  let connection = '';
  let kong = await connectRaw(socketPath);
  let frames = 0;
  for (const { connection: on, from, payload, isCall } of readFrames()) {
    frames++;
    if (on !== connection && connection !== '') {
      kong.close(); // after an answer to the request Kong drops the connection
      kong = await connectRaw(socketPath);
    }
    connection = on;
    if (from === 'Kong') {
      kong.write(frame(isCall ? ofInstance(payload, instanceId) : payload));
      continue;
    }
    const ours = await kong.read();
    if (instanceId !== 0) {
      t.equal(
        ours.toString('hex'),
        payload.toString('hex'),
        `frame ${frames}: ${payload.toString('latin1')}`,
      );
      continue;
    }
    const theirs = decodeMessage(RpcReturn, payload) as unknown as Started;
    const { sequence, instance_status } = decodeMessage(RpcReturn, ours) as unknown as Started;
    t.same([sequence, instance_status.name], [theirs.sequence, theirs.instance_status.name]);
    t.ok(Math.abs(instance_status.started_at - Date.now() / 1000) < 60, 'started_at counts seconds');
    instanceId = instance_status.instance_id;
  }
  kong.close();
  t.equal(frames, 14);
  t.match(configs, [{ message: 'salut', __seq__: 7 }, { message: 'salut' }]);
});

t.test('the configuration that Kong adds to reaches the plugin whole', { skip }, async (t) => {
  const configs: Record<string, unknown>[] = [];
  const { socketPath } = await serve(t, gohello(configs));
  const [start] = readFrames();
  const recorded = decodeMessage(RpcCall, start?.payload as Buffer) as unknown as {
    cmd_start_instance: { config: Buffer };
  };
  const kong = await connectRaw(socketPath);
  t.teardown(() => kong.close());
  kong.write(frame(start?.payload as Buffer));
  const { instance_status } = decodeMessage(RpcReturn, await kong.read()) as unknown as Started;
  const cmd_handle_event = { instance_id: instance_status.instance_id, event_name: 'access' };
  kong.write(frame(encodeMessage(RpcCall, { sequence: 3, cmd_handle_event })));
  t.equal(String(await kong.read()), 'kong.request.get_header');
  t.same(configs, [JSON.parse(String(recorded.cmd_start_instance.config))]);
  const keys = Object.keys(configs[0] ?? {}).sort();
  t.same(keys, ['__key__', '__plugin_id', '__seq__', '__ws_id', 'message', 'route_id']);
});

t.test('the answer to the recorded header may be nil, an empty frame', { skip }, async (t) => {
  const { socketPath } = await serve(t, gohello([]));
  const kong = await connectRaw(socketPath);
  t.teardown(() => kong.close());
  kong.write(frame(readFrames()[0]?.payload as Buffer));
  const { instance_status } = decodeMessage(RpcReturn, await kong.read()) as unknown as Started;
  const cmd_handle_event = { instance_id: instance_status.instance_id, event_name: 'access' };
  for (const [reply, go] of [
    [Buffer.alloc(0), undefined],
    [encodeMessage(StringBox, { v: '' }), ''],
    [encodeMessage(StringBox, { v: 'bob' }), 'bob'],
  ] as const) {
    kong.write(frame(encodeMessage(RpcCall, { sequence: 9, cmd_handle_event })));
    t.equal(String(await kong.read()), 'kong.request.get_header');
    await kong.read();
    kong.write(frame(reply));
    t.equal(String(await kong.read()), 'kong.response.exit');
    const { body } = decodeMessage(ExitArgs, await kong.read());
    t.same(JSON.parse(String(body)), { ...(go !== undefined && { go }), message: 'salut' });
  }
});
