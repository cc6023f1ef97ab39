import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { FrameReader } from '../../../kong/plugin-server/frames.ts';
import { createPdkClient } from '../../../kong/plugin-server/pdk-client.ts';
import {
  AuthenticateArgs,
  Consumer,
  ConsumerSpec,
  ExitArgs,
  KeyValue,
  NumberBox,
  RawBody,
  StringBox,
} from '../../../kong/protocol/plugin-messages.ts';
import { decodeList, decodeMessage, encodeMessage, encodeValue } from '../../../kong/protocol/protobuf.ts';

const NIL = Buffer.alloc(0);
const text = (v: string) => encodeMessage(StringBox, { v }) as Buffer;

/** A client whose writes are kept, each as its frames. */
function client() {
  const writes: Buffer[][] = [];
  const pdk = createPdkClient((bytes) => void writes.push(new FrameReader(1e6).push(bytes)));
  const methods = () => writes.map((frames) => frames.filter((_, i) => i % 2 === 0).map(String));
  return { pdk, kong: pdk.kong, writes, methods };
}

t.test('the calls of one tick leave in one write and are answered in order', async (t) => {
  const { pdk, kong, writes, methods } = client();
  const all = Promise.all([
    kong.request.getHeader('x-api-key'),
    kong.request.getMethod(),
    kong.nginx.getVar('kong_request_id'),
    kong.nginx.reqStartTime(),
  ]);
  t.equal(writes.length, 0, 'nothing leaves within the tick');
  await null;
  t.same(methods(), [
    ['kong.request.get_header', 'kong.request.get_method', 'kong.nginx.get_var', 'kong.nginx.req_start_time'],
  ]);
  t.same(decodeMessage(StringBox, writes[0]?.[1] as Buffer), { v: 'x-api-key' });
  t.equal(pdk.outstanding, 4);
  for (const answer of [text('key'), text('POST'), text('id')]) pdk.answer(answer);
  pdk.answer(encodeMessage(NumberBox, { v: 1791.25 }) as Buffer);
  t.same(await all, ['key', 'POST', 'id', 1791.25]);
  t.same([pdk.roundTrips, pdk.outstanding], [1, 0]);
});

t.test('calls that wait for each other are a write each', async (t) => {
  const { pdk, kong, methods } = client();
  const run = (async () => {
    await kong.request.getHeader('a');
    await kong.request.getHeader('b');
  })();
  await null;
  pdk.answer(text('1'));
  await new Promise(setImmediate);
  pdk.answer(text('2'));
  await run;
  t.same(methods(), [['kong.request.get_header'], ['kong.request.get_header']]);
  t.equal(pdk.roundTrips, 2);
});

t.test("an empty answer is Lua's nil", async (t) => {
  const { pdk, kong } = client();
  const all = Promise.all([
    kong.request.getHeader('none'),
    kong.ctx.shared.get('none'),
    kong.ctx.shared.get('null'),
    kong.client.loadConsumer('nobody', true),
    kong.request.getRawBody(),
    kong.nginx.getVar('none'),
  ]);
  for (const answer of [NIL, NIL, encodeValue(null), NIL, NIL, NIL]) pdk.answer(answer);
  t.same(await all, [undefined, undefined, undefined, undefined, undefined, undefined]);
});

t.test('arguments and results as Kong spells them', async (t) => {
  const { pdk, kong, writes } = client();
  const consumer = { id: 'c-1', created_at: 7, username: 'acme', custom_id: '', tags: ['a', 'b'] };
  const loaded = kong.client.loadConsumer('acme', true);
  const set = kong.ctx.shared.set('k', 'é');
  const authenticated = kong.client.authenticate(consumer, { id: 'pk-1', consumer_id: 'c-1' });
  const shared = kong.ctx.shared.get('k');
  const logged = kong.log.err('one', 'two');
  await null;
  const args = writes[0]?.filter((_, i) => i % 2 === 1) as Buffer[];
  t.same(decodeMessage(ConsumerSpec, args[0] as Buffer), { id: 'acme', by_username: true });
  t.same(decodeMessage(KeyValue, args[1] as Buffer), { k: 'k', v: 'é' });
  t.same(decodeMessage(AuthenticateArgs, args[2] as Buffer), {
    consumer,
    credential: { id: 'pk-1', consumer_id: 'c-1' },
  });
  t.same(decodeList(args[4] as Buffer), ['one', 'two']);
  pdk.answer(encodeMessage(Consumer, consumer) as Buffer);
  for (const answer of [NIL, NIL, encodeValue({ deep: [1, true] }), NIL]) pdk.answer(answer);
  t.same(await loaded, consumer);
  t.same(await Promise.all([set, authenticated, logged]), [undefined, undefined, undefined]);
  t.same(await shared, { deep: [1, true] });
});

t.test('a body comes from memory, from a file, or not at all', async (t) => {
  const { pdk, kong } = client();
  const dir = t.testdir();
  writeFileSync(join(dir, 'spilled'), 'from disk');
  const body = (fields: object) => {
    const read = kong.request.getRawBody();
    pdk.answer(encodeMessage(RawBody, fields as never) as Buffer);
    return read;
  };
  t.equal(String(await body({ content: Buffer.from('in memory') })), 'in memory');
  t.equal(String(await body({ body_filepath: join(dir, 'spilled') })), 'from disk');
  t.equal(await body({ content: NIL }), undefined);
  await t.rejects(body({ error: 'broken pipe' }), { message: /can not be read: broken pipe/ });
  await t.rejects(body({ body_filepath: join(dir, 'gone') }), { code: 'ENOENT' });
});

t.test('a body still being read from disk does not hold up the answers behind it', async (t) => {
  const { pdk, kong } = client();
  const dir = t.testdir({ spilled: 'from disk' });
  const body = kong.request.getRawBody();
  const method = kong.request.getMethod();
  pdk.answer(encodeMessage(RawBody, { body_filepath: join(dir, 'spilled') }) as Buffer);
  pdk.answer(text('POST'));
  t.equal(await method, 'POST');
  t.equal(String(await body), 'from disk');
});

t.test('an answer that does not decode fails its own call alone', async (t) => {
  const { pdk, kong } = client();
  const [bad, good] = [kong.request.getHeader('a'), kong.request.getHeader('b')];
  const failed = t.rejects(bad, RangeError);
  pdk.answer(Buffer.from([0x0a, 0x7f]));
  pdk.answer(text('fine'));
  await failed;
  t.equal(await good, 'fine');
});

t.test('exit waits for no answer, and nothing may follow it', async (t) => {
  const { pdk, kong, writes, methods } = client();
  t.equal(pdk.exited, false);
  await kong.response.exit(201, Buffer.from('{}'), { 'content-type': 'a/b', 'x-list': ['1', '2'] });
  t.equal(pdk.exited, true);
  t.same(decodeMessage(ExitArgs, writes[0]?.[1] as Buffer), {
    status: 201,
    body: Buffer.from('{}'),
    headers: { 'content-type': 'a/b', 'x-list': ['1', '2'] },
  });
  await t.rejects(kong.request.getMethod(), { message: 'closed' });
  t.same(methods(), [['kong.response.exit']]);
});

t.test('when the connection is gone, what waits fails and what follows too', async (t) => {
  const { pdk, kong } = client();
  const waits = [kong.request.getMethod(), kong.request.getPath()];
  const failed = Promise.all(waits.map((call) => t.rejects(call, { message: 'closed' })));
  pdk.abandon();
  await failed;
  await t.rejects(kong.request.getMethod(), { message: 'closed' });
});

t.test('an answer nobody asked for is an error', async (t) => {
  t.throws(() => client().pdk.answer(text('x')), RangeError);
});
