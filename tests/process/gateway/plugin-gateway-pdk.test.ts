import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { frame } from '../../../kong/plugin-server/frames.ts';
import { RawBody, RpcCall, StringBox } from '../../../kong/protocol/plugin-messages.ts';
import { encodeMessage, encodeValue } from '../../../kong/protocol/protobuf.ts';
import type { Kong } from '../../../plugins/pdk.ts';
import { type Ask, ask, dump, gatewayFor, service } from '../../support/gateway-fixture.ts';
import { CONSUMER, CONSUMERS } from '../../support/plugin-rpc-fixture.ts';
import { connectRaw } from '../../support/raw-peer.ts';
import { serve, socketDir } from '../../support/server-fixture.ts';

type Run = (kong: Kong) => Promise<unknown>;

/** The plugin server and the gateway, one plugin between them; what it returns is the answer, as JSON. */
async function both(t: Test, run: Run) {
  const seen: { value?: unknown } = {};
  const plugin = async (kong: Kong) => {
    seen.value = await run(kong);
    if (seen.value !== 'answered') await kong.response.exit(200, Buffer.from('ran'));
  };
  const { socketPath, handled } = await serve(t, { one: plugin });
  const yaml = CONSUMERS + service('  routes: [{name: r, paths: ["/"]}]\n  plugins: [{name: one}]');
  const { proxyPort, logs } = await gatewayFor(t, yaml, { socketPath, dumps: [dump('one', 1)] });
  return { seen, logs, handled, send: (path = '/', options?: Ask) => ask(proxyPort, path, options) };
}

t.test('every method the plugins use, with the types of its result', async (t) => {
  const consumer = { id: CONSUMER, username: 'acme', custom_id: 'c1', tags: ['a', 'b'] };
  const { seen, send, logs, handled } = await both(t, async (kong) => {
    const { client, ctx, log, nginx, request } = kong;
    const first = await Promise.all([
      client.getForwardedIp(),
      client.loadConsumer('acme', true),
      client.loadConsumer(CONSUMER, false),
      client.authenticate(consumer, { id: 'pk-1', consumer_id: CONSUMER }),
      ctx.shared.set('k', 'é'),
      log.err('one ', 'two'),
      nginx.getVar('kong_request_id'),
      nginx.reqStartTime(),
    ]);
    const second = await Promise.all([
      ctx.shared.get('k'),
      request.getHeader('x-a'),
      request.getMethod(),
      request.getPath(),
      request.getRawQuery(),
      request.getRawBody(),
    ]);
    return [...first, ...second];
  });
  const answer = await send('/p?q=1&r', { method: 'POST', body: 'the body', headers: { 'x-a': 'A' } });
  const [ip, byName, byId, authenticated, set, logged, id, started, ...rest] = seen.value as unknown[];
  t.equal(ip, '127.0.0.1');
  t.match(byName, consumer);
  t.same(byId, byName);
  t.same([authenticated, set, logged], [undefined, undefined, undefined]);
  t.equal(id, answer.headers['x-kong-request-id']);
  t.ok(Math.abs((started as number) - Date.now() / 1000) < 60);
  t.same(rest, ['é', 'A', 'POST', '/p', 'q=1&r', Buffer.from('the body')]);
  t.match(logs.join(), 'one two');
  t.same(handled, [{ plugin: 'one', roundTrips: 3 }], 'two ticks and the answer');
});

t.test('nil is nil on the whole way', async (t) => {
  const { seen, send } = await both(t, (kong) =>
    Promise.all([
      kong.client.loadConsumer('nobody', true),
      kong.ctx.shared.get('none'),
      kong.nginx.getVar('none'),
      kong.request.getHeader('none'),
      kong.request.getRawBody(),
    ]),
  );
  await send();
  t.same(seen.value, [undefined, undefined, undefined, undefined, undefined]);
});

t.test('an empty value is not nil', async (t) => {
  const { seen, send } = await both(t, async (kong) => {
    await kong.ctx.shared.set('empty', '');
    return Promise.all([
      kong.ctx.shared.get('empty'),
      kong.request.getHeader('x-empty'),
      kong.request.getRawQuery(),
    ]);
  });
  await send('/', { headers: { 'x-empty': '' } });
  t.same(seen.value, ['', '', '']);
});

t.test('a body of 512 KiB crosses both ways, byte for byte', async (t) => {
  const body = randomBytes(512 * 1024);
  const { send } = await both(t, async (kong) => {
    const read = await kong.request.getRawBody();
    const whole = Buffer.isBuffer(read) && read.equals(body);
    await kong.response.exit(whole ? 200 : 500, body, { 'content-type': 'application/octet-stream' });
    return 'answered';
  });
  for (const chunked of [false, true]) {
    const answer = await send('/', { method: 'POST', body, chunked });
    t.equal(answer.status, 200, chunked ? 'chunked' : 'with a length');
    t.equal(answer.headers['content-length'], String(body.length));
  }
});

t.test('an answer may repeat a header, and have no body', async (t) => {
  const { send } = await both(t, async (kong) => {
    await kong.response.exit(204, undefined, { 'set-cookie': ['a=1', 'b=2'], 'X-Mixed': 'é' });
    return 'answered';
  });
  const answer = await send();
  t.equal(answer.status, 204);
  t.same(answer.headers['set-cookie'], ['a=1', 'b=2']);
  t.ok(answer.names.includes('X-Mixed'), 'the spelling is kept');
  t.equal(Buffer.from(String(answer.headers['x-mixed']), 'latin1').toString(), 'é');
  t.equal(answer.body, '');
});

/** Starts an event by hand and reads the calls of its first tick. */
async function event(t: Test, calls: number, run: Run) {
  const { socketPath, connect, errors } = await serve(t, {
    one: (kong) => run(kong).then(() => kong.response.exit(200)),
  });
  const instance_id = await (await connect()).start('one');
  const kong = await connectRaw(socketPath);
  t.teardown(() => kong.close());
  kong.write(
    frame(encodeMessage(RpcCall, { sequence: 5, cmd_handle_event: { instance_id, event_name: 'access' } })),
  );
  for (let i = 0; i < calls * 2; i++) await kong.read();
  return { kong, errors };
}

t.test('a body that nginx spilled to disk is read from there', async (t) => {
  const spilled = join(socketDir(t), 'body');
  writeFileSync(spilled, 'from disk');
  let body: unknown;
  const { kong } = await event(t, 1, async ({ request }) => {
    body = await request.getRawBody();
  });
  kong.write(frame(encodeMessage(RawBody, { body_filepath: spilled })));
  t.equal(String(await kong.read()), 'kong.response.exit');
  t.equal(String(body), 'from disk');
});

t.test('a body that can not be read is 503, though Kong has other calls to answer first', async (t) => {
  const { kong, errors } = await event(t, 4, ({ request, nginx, ctx }) =>
    Promise.all([
      request.getRawBody(),
      ctx.shared.get('k'),
      nginx.getVar('kong_request_id'),
      request.getMethod(),
    ]),
  );
  kong.write(frame(encodeMessage(RawBody, { error: 'broken pipe' })));
  await waitUntil('the plugin failed', () => errors.length === 1, { everyMs: 2 });
  // Kong reads the answer to the request only after these, and repeats the event when one of them can't be written
  const answers = [
    encodeValue('v'),
    encodeMessage(StringBox, { v: 'id' }),
    encodeMessage(StringBox, { v: 'POST' }),
  ];
  for (const answer of answers) {
    t.equal(kong.gone(), false, 'the connection is open');
    kong.write(frame(answer));
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  }
  t.equal(kong.gone(), false, 'until Kong drops it');
  t.equal(String(await kong.read()), 'kong.response.exit');
  t.match(String(await kong.read()), '"code":"unavailable"');
});

t.test('a call that no plugin waits for fails unheard when Kong is gone', async (t) => {
  let told = 0;
  const { kong } = await event(t, 2, async ({ log, request }) => {
    void log.err('by the way');
    await request.getMethod().catch(() => {
      told++;
    });
  });
  kong.close();
  await waitUntil('the event has ended', () => told === 1, { everyMs: 2 });
  await new Promise(setImmediate);
  t.pass('an unhandled rejection would have ended the process');
});
