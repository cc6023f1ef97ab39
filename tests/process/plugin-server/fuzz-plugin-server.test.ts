import { connect as connectSocket } from 'node:net';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { frame } from '../../../kong/plugin-server/frames.ts';
import { RpcCall, RpcReturn, StringBox } from '../../../kong/protocol/plugin-messages.ts';
import { decodeMessage, encodeMessage } from '../../../kong/protocol/protobuf.ts';
import type { Kong } from '../../../plugins/pdk.ts';
import { connectRaw } from '../../support/raw-peer.ts';
import { serve } from '../../support/server-fixture.ts';

const WHO = 'x-who';
const hello = async (kong: Kong) => {
  const who = await kong.request.getHeader(WHO);
  await kong.response.exit(200, Buffer.from(`hello ${who}`));
};
const quiet = () => undefined;

const call = (sequence: number, command: object) => frame(encodeMessage(RpcCall, { sequence, ...command }));
const start = (name: string, config = '{}') =>
  call(1, { cmd_start_instance: { name, config: Buffer.from(config) } });
const handle = (instance_id: number, sequence = 2) =>
  call(sequence, { cmd_handle_event: { instance_id, event_name: 'access' } });
const bob = frame(encodeMessage(StringBox, { v: 'bob' }));

/** A server, and a second connection that must be served as ever whatever the first one does. */
async function attacked(t: Test) {
  const { socketPath, connect, errors } = await serve(t, { hello, quiet });
  const instanceId = await (await connect()).start('hello');
  const other = await connect();
  const quietId = await other.start('quiet');
  return {
    instanceId,
    quietId,
    errors,
    raw: () => connectRaw(socketPath),
    async stillServed() {
      const kong = await connect();
      const outcome = await kong.event(instanceId, (open) => open.map(() => bob.subarray(4)));
      const served = 'exit' in (outcome as object) && (outcome as { exit: { body: string } }).exit.body;
      if (served !== 'hello bob') throw new Error(`not served: ${JSON.stringify(outcome)}`);
      const returned = await other.event(quietId);
      if (returned === 'closed') throw new Error('a connection of long standing was closed');
    },
  };
}

t.test('a conversation cut at every byte is the same conversation', async (t) => {
  const { instanceId, raw } = await attacked(t);
  const event = handle(instanceId);
  for (const bytes of [event, bob])
    for (let cut = 1; cut < bytes.length; cut++) {
      const kong = await raw();
      const write = async (whole: Buffer) => {
        if (whole !== bytes) return kong.write(whole);
        kong.write(whole.subarray(0, cut));
        // a turn of the loop, so that the halves are two reads
        await new Promise(setImmediate);
        kong.write(whole.subarray(cut));
      };
      await write(event);
      const heard = [String(await kong.read())];
      await kong.read();
      await write(bob);
      heard.push(String(await kong.read()));
      t.same(heard, ['kong.request.get_header', 'kong.response.exit'], `cut at ${cut} of ${bytes.length}`);
      t.match(String(await kong.read()), 'hello bob');
      kong.close();
    }
});

t.test('calls that arrive together are answered one after the other', async (t) => {
  const { quietId, raw } = await attacked(t);
  const kong = await raw();
  t.teardown(() => kong.close());
  kong.write(
    Buffer.concat([start('quiet'), start('hello'), call(3, { cmd_close_instance: { instance_id: 1 } })]),
  );
  const answers = [await kong.read(), await kong.read(), await kong.read()];
  t.same(
    answers.map((payload) => decodeMessage(RpcReturn, payload).sequence),
    [1, 1, 3],
  );
  kong.write(handle(quietId, 9));
  t.equal((await kong.read()).length, 0);
  t.equal(decodeMessage(RpcReturn, await kong.read()).sequence, 9);
});

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const lengths = fc.oneof(fc.nat(64), fc.nat(2 ** 23), fc.integer({ min: 2 ** 23, max: 2 ** 32 - 1 }));
/** A length that promises what does not come, or comes otherwise. */
const wrongLength = fc.tuple(lengths, bytes).map(([length, payload]) => {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(length);
  return Buffer.concat([head, payload]);
});
const garbageFrame = bytes.map((payload) => frame(payload));
/** A sound call with some of its bytes changed. */
const damaged = (sound: Buffer[]) =>
  fc
    .tuple(
      fc.constantFrom(...sound),
      fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 4 }),
    )
    .map(([whole, changes]) => {
      const copy = Buffer.from(whole);
      for (const [at, byte] of changes) copy[at % copy.length] = byte;
      return copy;
    });

t.test('whatever is written, the process lives and others are served', async (t) => {
  const { instanceId, raw, stillServed, errors } = await attacked(t);
  const sound = [
    start('hello'),
    handle(instanceId),
    bob,
    call(5, { cmd_close_instance: { instance_id: 3 } }),
  ];
  const part = fc.oneof(bytes, wrongLength, garbageFrame, damaged(sound), fc.constantFrom(...sound));
  await fc.assert(
    fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 6 }), fc.boolean(), async (parts, apart) => {
      const kong = await raw();
      for (const each of apart ? parts : [Buffer.concat(parts)]) kong.write(each);
      await stillServed();
      kong.close();
      await kong.closed();
    }),
    { numRuns: 300, endOnFailure: true },
  );
  await stillServed();
  // garbage is no request: no plugin may be blamed for it, save where an answer to one did not decode
  t.ok(
    errors.every(({ error }) => error instanceof RangeError),
    `${errors.length} events met garbage as an answer`,
  );
});

t.test('a connection truncated anywhere ends with its peer, not with the server', async (t) => {
  const { instanceId, raw, stillServed } = await attacked(t);
  const whole = Buffer.concat([start('hello'), handle(instanceId), bob]);
  for (let length = 1; length < whole.length; length++) {
    const kong = await raw();
    kong.write(whole.subarray(0, length));
    if (length % 2 === 0) await new Promise(setImmediate);
    kong.close();
  }
  await stillServed();
  t.pass(`${whole.length - 1} truncations`);
});

t.test('promised lengths cost no memory', async (t) => {
  const { raw, stillServed } = await attacked(t);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(8 * 1024 * 1024); // the largest that is taken
  const before = process.memoryUsage().arrayBuffers;
  const kongs = await Promise.all(Array.from({ length: 200 }, raw));
  for (const kong of kongs) kong.write(Buffer.concat([head, Buffer.alloc(100)]));
  await stillServed();
  const grown = process.memoryUsage().arrayBuffers - before;
  t.ok(grown < 50 * 1024 * 1024, `200 promises of 8 MiB grew it by ${grown} bytes`);
  head.writeUInt32LE(8 * 1024 * 1024 + 1);
  for (const kong of kongs.splice(0, 10)) kong.close();
  const refused = await raw();
  refused.write(head);
  await refused.closed();
  t.ok(refused.gone(), 'above that the connection is closed at once');
  for (const kong of kongs) kong.close();
});

t.test('from a peer that asks and never reads no more is taken', async (t) => {
  const { socketPath, connect } = await serve(t, { quiet });
  const deaf = connectSocket(socketPath).pause();
  t.teardown(() => deaf.destroy());
  deaf.on('error', () => {});
  const close = call(1, { cmd_close_instance: { instance_id: 1 } });
  deaf.write(Buffer.concat(Array.from({ length: 1_000_000 }, () => close)));
  const kong = await connect();
  const quietId = await kong.start('quiet');
  let before = Number.POSITIVE_INFINITY;
  while (deaf.writableLength > 0 && deaf.writableLength < before) {
    before = deaf.writableLength;
    for (let i = 0; i < 50; i++) await kong.event(quietId);
  }
  t.ok(deaf.writableLength > 10_000_000, `${deaf.writableLength} bytes wait with the peer`);
  deaf.resume();
  await waitUntil('all is taken once it reads', () => deaf.writableLength === 0);
});
