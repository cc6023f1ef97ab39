import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { RpcCall, StringBox } from '../../../kong/protocol/plugin-messages.ts';
import { encodeMessage } from '../../../kong/protocol/protobuf.ts';
import type { Kong } from '../../../plugins/pdk.ts';
import { type Answer, type FakeKong, frameOf } from '../../support/fake-kong.ts';
import { serve } from '../../support/server-fixture.ts';

const text = (v: string) => encodeMessage(StringBox, { v });
const greet = async (kong: Kong, config: Record<string, unknown>) =>
  kong.response.exit(200, Buffer.from(String(config.say ?? 'hello')));
const soon = { everyMs: 5 };

t.test('an instance is started, used and closed; after that its id is unknown', async (t) => {
  const { connect } = await serve(t, { greet });
  const kong = await connect();
  const id = await kong.start('greet', { say: 'bonjour' });
  t.same(await (await connect()).event(id), { exit: { status: 200, body: 'bonjour', headers: {} } });
  await kong.closeInstance(id);
  t.equal(await kong.event(id), 'closed');
});

t.test('a plugin that answers nothing ends with an empty frame and its sequence', async (t) => {
  const { connect, handled } = await serve(t, { quiet: () => undefined });
  const kong = await connect();
  const id = await kong.start('quiet');
  t.same(await kong.event(id), { returned: 2 });
  t.same(await kong.event(id), { returned: 3 }, 'on the same connection');
  t.same(await kong.event(id, undefined, 'log'), { returned: 4 }, 'a phase the plugin does not have');
  t.same(handled[0], { plugin: 'quiet', roundTrips: 0 });
});

t.test('calls of one tick arrive before any of them is answered', async (t) => {
  let seen: unknown;
  const { connect, handled } = await serve(t, {
    async reads(kong) {
      seen = await Promise.all(['a', 'b', 'c'].map((name) => kong.request.getHeader(name)));
      await Promise.all([kong.ctx.shared.set('k', 'v'), kong.request.getMethod()]);
    },
  });
  const kong = await connect();
  const counts: number[] = [];
  const answer: Answer = (open) => {
    if (open.length < (counts.length === 0 ? 3 : 2)) return undefined;
    counts.push(open.length);
    return open.map(({ args }) => (args.length > 0 ? args : undefined));
  };
  t.same(await kong.event(await kong.start('reads'), answer), { returned: 2 });
  t.same(counts, [3, 2]);
  t.same(seen, ['a', 'b', 'c']);
  t.same(handled, [{ plugin: 'reads', roundTrips: 2 }]);
});

t.test('answers that come byte by byte', async (t) => {
  const { connect } = await serve(t, {
    echo: async (kong) => kong.response.exit(200, Buffer.from(`${await kong.request.getHeader('a')}`)),
  });
  const kong = await connect();
  const id = await kong.start('echo');
  const outcome = await kong.event(id, () => {
    for (const byte of frameOf(text('in pieces'))) kong.write(Buffer.of(byte));
    return [];
  });
  t.match(outcome, { exit: { body: 'in pieces' } });
});

for (const [what, access] of Object.entries({
  'at once': () => {
    throw new TypeError('a secret');
  },
  'after a call': async (kong: Kong) => {
    await kong.request.getMethod();
    throw new TypeError('a secret');
  },
  'a value that is no error': () => Promise.reject('a secret'),
}))
  t.test(`a plugin that throws ${what}: 503, and the next request is served`, async (t) => {
    const { connect, errors } = await serve(t, { bad: access, greet });
    const kong = await connect();
    const outcome = await kong.event(await kong.start('bad'));
    t.match(outcome, {
      exit: { status: 503, headers: { 'content-type': 'application/problem+json', 'retry-after': '1' } },
    });
    const { body } = (outcome as { exit: { body: string } }).exit;
    t.match(JSON.parse(body), { code: 'unavailable', status: 503 });
    t.notMatch(body, 'secret');
    t.same(
      errors.map(({ plugin }) => plugin),
      ['bad'],
    );
    const next = await connect();
    t.match(await next.event(await next.start('greet')), { exit: { status: 200 } });
  });

t.test('a plugin that throws after its answer: the answer stands', async (t) => {
  const { connect, errors } = await serve(t, {
    async late(kong) {
      await kong.response.exit(204);
      throw new Error('too late');
    },
  });
  const kong = await connect();
  t.match(await kong.event(await kong.start('late')), { exit: { status: 204 } });
  await waitUntil('the error is told', () => errors.length === 1, soon);
  t.equal(kong.calls.length, 1);
});

t.test('a plugin that leaves a call unanswered loses the connection, not the next request', async (t) => {
  const { connect } = await serve(t, { careless: (kong) => void kong.log.err('bye').catch(() => {}), greet });
  const kong = await connect();
  t.equal(await kong.event(await kong.start('careless'), () => undefined), 'closed');
  const next = await connect();
  t.match(await next.event(await next.start('greet')), { exit: { status: 200 } });
});

t.test('Kong goes away in the middle: the plugin hears "closed" and nobody else notices', async (t) => {
  const heard: string[] = [];
  const { connect, errors, handled } = await serve(t, {
    waits: (kong) => kong.request.getMethod().catch((error: Error) => void heard.push(error.message)),
    greet,
  });
  const kong = await connect();
  const id = await kong.start('waits');
  const outcome = kong.event(id, () => {
    kong.close();
    return undefined;
  });
  t.equal(await outcome, 'closed');
  await waitUntil('the event ended', () => handled.length === 1, soon);
  t.same([heard, errors], [['closed'], []]);
  const next = await connect();
  t.match(await next.event(await next.start('greet')), { exit: { status: 200 } });
});

const command = (message: object) => frameOf(encodeMessage(RpcCall, { sequence: 1, ...message }));
const nonsense: Record<string, Uint8Array> = {
  'HTTP instead of frames': Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
  'a frame above 8 MiB': Buffer.of(1, 0, 128, 0),
  'a frame that is no message': frameOf(Buffer.from([0x0f, 0xff, 0xff])),
  'an empty frame': frameOf(''),
  'a call without a command': command({}),
  'an instance that was never started': command({
    cmd_handle_event: { instance_id: 7, event_name: 'access' },
  }),
  'a plugin there is not': command({ cmd_start_instance: { name: 'nobody', config: Buffer.from('{}') } }),
  'a configuration that is no JSON': command({
    cmd_start_instance: { name: 'greet', config: Buffer.from('{') },
  }),
  'a configuration the plugin refuses': command({
    cmd_start_instance: { name: 'greet', config: Buffer.from('{"refused":true}') },
  }),
};
for (const [what, bytes] of Object.entries(nonsense))
  t.test(`${what} closes that connection; another one goes on`, async (t) => {
    const { connect } = await serve(t, { greet });
    const [bad, good] = [await connect(), await connect()];
    const id = await good.start('greet');
    bad.write(bytes);
    await bad.closed();
    t.match(await good.event(id), { exit: { status: 200 } });
  });

t.test('a call that nobody asked for in the middle of an event closes the connection', async (t) => {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const { connect, handled, errors } = await serve(t, { hangs: () => held });
  const kong = await connect();
  const outcome = kong.event(await kong.start('hangs'));
  kong.write(command({ cmd_close_instance: { instance_id: 1 } }));
  t.equal(await outcome, 'closed');
  letGo();
  await waitUntil('the event ended', () => handled.length === 1, soon);
  t.same(errors, []);
});

t.test('a new configuration is served beside the old one until that is closed', async (t) => {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const { connect } = await serve(t, {
    async slow(kong, config) {
      if (config.wait) await held;
      await greet(kong, config);
    },
  });
  const admin = await connect();
  const old = await admin.start('slow', { say: 'old', wait: true });
  const underWay = (await connect()).event(old);
  const young = await admin.start('slow', { say: 'new' });
  t.not(young, old);
  t.match(await (await connect()).event(young), { exit: { body: 'new' } });
  await admin.closeInstance(old);
  letGo();
  t.match(await underWay, { exit: { body: 'old' } }, 'what was under way ends with the old one');
  t.equal(await (await connect()).event(old), 'closed');
});

t.test('events on many connections at once do not mix', async (t) => {
  const { connect } = await serve(t, {
    echo: async (kong) => kong.response.exit(200, Buffer.from(`${await kong.request.getHeader('a')}`)),
  });
  const id = await (await connect()).start('echo');
  const kongs = await Promise.all(Array.from({ length: 20 }, () => connect()));
  const outcomes = await Promise.all(
    kongs.map((kong: FakeKong, i) => kong.event(id, (open) => open.map(() => text(`${i}`)))),
  );
  t.same(
    outcomes.map((outcome) => (outcome as { exit: { body: string } }).exit.body),
    kongs.map((_, i) => `${i}`),
  );
});
