import { join } from 'node:path';
import t from 'tap';
import { startPluginServer } from '../../../kong/plugin-server/server.ts';
import { Consumer, NumberBox, RawBody, StringBox } from '../../../kong/protocol/plugin-messages.ts';
import { encodeMessage, encodeValue } from '../../../kong/protocol/protobuf.ts';
import * as clientAuth from '../../../plugins/client-auth/index.ts';
import * as kinesisForward from '../../../plugins/kinesis-forward/index.ts';
import * as lambdaInvoke from '../../../plugins/lambda-invoke/index.ts';
import { fakeAws } from '../../support/fake-aws.ts';
import { connectKong, keyValueOf, type Outcome, type PdkCall } from '../../support/fake-kong.ts';
import { consumerWith, newKey } from '../../support/keys.ts';
import { socketDir } from '../../support/server-fixture.ts';

const { key, tag } = newKey('pk');
const body = Buffer.from('{"property":"site"}');
const fact = { id: 'f-1', type: 'pistats.registration.created', data: {} };
const PLUGINS: [module: typeof clientAuth | typeof lambdaInvoke | typeof kinesisForward, config: object][] = [
  [
    clientAuth,
    {
      kind: 'pk',
      key_in_body: false,
      cache_ttl_ms: 1000,
      cache_size: 10,
      rate: 200,
      burst: 9,
      max_senders: 9,
    },
  ],
  [
    lambdaInvoke,
    {
      function: 'job',
      path: '/v1/registrations',
      max_size: 250,
      min_in_flight: 2,
      max_in_flight: 2,
      max_queue: 100,
      max_queue_bytes: 1_000_000,
      deadline_ms: 10_000,
      respond: false,
    },
  ],
  [kinesisForward, { stream: 'events', mode: 'response', deadline_ms: 10_000, spool_after_ms: 1_000 }],
];

const box = (v: string) => encodeMessage(StringBox, { v });

/** Kong's answers of one request; kong.ctx.shared lives as long as it. */
function request() {
  const shared = new Map<string, unknown>();
  const headers: Record<string, string> = { 'x-api-key': key, 'content-type': 'application/json' };
  return ({ method, args }: PdkCall): Uint8Array | undefined => {
    const argument = () => Buffer.from(args).subarray(2).toString();
    if (method === 'kong.request.get_header') {
      const value = headers[argument()];
      return value === undefined ? undefined : box(value);
    }
    if (method === 'kong.client.load_consumer') return encodeMessage(Consumer, { ...consumerWith([tag]) });
    if (method === 'kong.ctx.shared.get') return encodeValue(shared.get(argument()) ?? null);
    if (method === 'kong.ctx.shared.set') {
      const { k, v } = keyValueOf(args);
      shared.set(k, v);
    }
    if (method === 'kong.request.get_raw_body') return encodeMessage(RawBody, { content: body });
    if (method === 'kong.nginx.req_start_time') return encodeMessage(NumberBox, { v: 1_791_000_000.25 });
    if (method === 'kong.nginx.get_var') return box('req-1');
    if (method === 'kong.request.get_method') return box('POST');
    if (method === 'kong.request.get_path') return box('/v1/registrations');
    if (method === 'kong.client.get_forwarded_ip') return box('203.0.113.7');
    return undefined;
  };
}

t.test('a registration costs at most seven round trips to Kong over the three plugins', async (t) => {
  const answer = { statusCode: 201, body: '{"created":true}', events: [fact] };
  const { requests } = await fakeAws(t, ({ path }) =>
    path === '/' ? { body: { Records: [{ SequenceNumber: '1' }] } } : { body: answer },
  );
  const socketPath = join(socketDir(t), 's');
  const trips: [plugin: string, count: number][] = [];
  const errors: unknown[] = [];
  const server = await startPluginServer({
    socketPath,
    plugins: PLUGINS.map(([module]) => module as never),
    events: {
      pluginError: (_plugin, error) => void errors.push(error),
      startError: (_plugin, error) => void errors.push(error),
      handled: (plugin, count) => void trips.push([plugin, count]),
    },
  });
  t.teardown(() => server.close(0));
  const admin = await connectKong(socketPath);
  const ids: number[] = [];
  for (const [{ Name }, config] of PLUGINS) ids.push(await admin.start(Name, config as never));
  admin.close();

  async function register(): Promise<Outcome> {
    const kong = await connectKong(socketPath);
    const answerOf = request();
    let outcome: Outcome = 'closed';
    for (const id of ids) outcome = await kong.event(id, (open) => open.map(answerOf));
    return outcome;
  }
  const registered = { exit: { status: 201, body: answer.body } };
  t.match(await register(), registered);
  t.same(errors, []);
  t.same(
    requests.map(({ path }) => path),
    ['/2015-03-31/functions/job/invocations', '/'],
    'one invocation, one PutRecords',
  );
  const total = () => trips.reduce((sum, [, count]) => sum + count, 0);
  t.ok(total() <= 7, `the first one, whose client is not known yet: ${JSON.stringify(trips)}`);
  trips.length = 0;
  t.match(await register(), registered);
  t.ok(total() <= 6, `the next one: ${JSON.stringify(trips)}`);
  t.same(
    trips.map(([plugin]) => plugin),
    ['client-auth', 'lambda-invoke', 'kinesis-forward'],
  );
});
