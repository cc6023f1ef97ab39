import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { frame } from '../../../kong/plugin-server/frames.ts';
import { RpcCall } from '../../../kong/protocol/plugin-messages.ts';
import { encodeMessage } from '../../../kong/protocol/protobuf.ts';
import { connectRaw } from '../../support/raw-peer.ts';
import { serve } from '../../support/server-fixture.ts';

t.test('a plugin that refuses its configuration, or is not there, is told of; others go on', async (t) => {
  const { socketPath, startErrors, errors, connect } = await serve(t, {
    one: async (kong) => kong.response.exit(204),
  });
  for (const [name, config] of [
    ['one', '{"key": "secret'],
    ['none', '{}'],
  ] as const) {
    const kong = await connectRaw(socketPath);
    t.teardown(() => kong.close());
    const start = { cmd_start_instance: { name, config: Buffer.from(config) } };
    kong.write(frame(encodeMessage(RpcCall, { sequence: 1, ...start })));
    await waitUntil('the connection is closed', () => kong.gone(), { everyMs: 5 });
  }
  t.match(startErrors, [
    { plugin: 'one', error: { name: 'SyntaxError' } },
    { plugin: 'none', error: { message: 'there is no plugin none' } },
  ]);
  t.same(errors, []);
  const kong = await connect();
  t.ok(await kong.start('one'));
});
