import fc from 'fast-check';
import t from 'tap';
import { MAX_PAYLOAD_BYTES } from '../../../contracts/invocation.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { coalescing, codeOf, eventOf } from './coalescing.ts';

const names = (client: string, count: number) => Array.from({ length: count }, (_, i) => `${client}${i + 1}`);
const bodies = (list: { bodies: string[] }[]) => list.map((invocation) => invocation.bodies);

t.test('a lone request leaves at once, as a single event', async (t) => {
  const { submit, invocations } = coalescing();
  const answer = submit('a1', 5000);
  t.equal(invocations.length, 1, 'in the same tick');
  t.same(JSON.parse(invocations[0]?.payload ?? ''), eventOf('a1'));
  const { timeoutMs = 0 } = invocations[0] ?? {};
  t.ok(timeoutMs > 4000 && timeoutMs <= 5050, 'it may take as long as the request');
  await invocations[0]?.ok();
  t.equal(codeOf(await answer), '200 a1');
});

t.test('what arrives meanwhile leaves together in the next one, each with its own answer', async (t) => {
  const { submit, invocations } = coalescing();
  const answers = names('a', 5).map((name) => submit(name));
  t.same(bodies(invocations), [['a1']]);
  await invocations[0]?.ok();
  t.same(bodies(invocations), [['a1'], ['a2', 'a3', 'a4', 'a5']]);
  await invocations[1]?.ok();
  t.same(
    (await Promise.all(answers)).map(codeOf),
    names('a', 5).map((name) => `200 ${name}`),
  );
});

t.test('no batch above its size, no more under way than allowed', async (t) => {
  const { submit, invocations, most } = coalescing({ maxSize: 3, maxInFlight: 2 });
  const answers = names('a', 12).map((name) => submit(name));
  for (let i = 0; i < 6; i++) await invocations[i]?.ok();
  await Promise.all(answers);
  t.same(
    invocations.map(({ bodies }) => bodies.length),
    [1, 3, 3, 3, 2],
  );
  t.equal(most(), 2);
});

t.test('behind an invocation of its client a request waits; another client has one of its own', async (t) => {
  const { submit, invocations } = coalescing({ maxInFlight: 3 });
  const answers = ['a1', 'a2', 'b1', 'a3', 'b2'].map((name) => submit(name));
  t.same(bodies(invocations), [['a1'], ['b1']], 'though a third may be under way');
  await invocations[1]?.ok();
  t.same(bodies(invocations), [['a1'], ['b1'], ['b2']], 'whose client has nothing under way');
  await invocations[0]?.ok();
  await invocations[2]?.ok();
  t.same(bodies(invocations).at(-1), ['a2', 'a3']);
  await invocations[3]?.ok();
  await Promise.all(answers);
});

t.test('enough that wait are worth an invocation beside those of their clients', async (t) => {
  const { submit, invocations } = coalescing({ maxInFlight: 2 });
  const answers = names('a', 16).map((name) => submit(name));
  t.same(bodies(invocations), [['a1']]);
  answers.push(submit('a17'));
  t.equal(bodies(invocations)[1]?.length, 16);
  for (let i = 0; i < 2; i++) await invocations[i]?.ok();
  await Promise.all(answers);
});

t.test('an invocation that hangs holds up its client for a moment only', async (t) => {
  const { submit, invocations } = coalescing({ maxInFlight: 2 });
  const answers = ['a1', 'a2', 'a3'].map((name) => submit(name));
  await waitUntil('they do not wait for it any longer', () => invocations.length === 2, { everyMs: 2 });
  t.same(bodies(invocations), [['a1'], ['a2', 'a3']]);
  for (let i = 0; i < 2; i++) await invocations[i]?.ok();
  t.same((await Promise.all(answers)).map(codeOf), ['200 a1', '200 a2', '200 a3']);
});

t.test('a client that begins many invocations while others send is held', async (t) => {
  const { submit, invocations } = coalescing({ maxInFlight: 3 }, () => 'ok');
  await submit('b1');
  let name = '';
  let held: Promise<unknown> | undefined;
  for (let i = 1; i < 1_000 && !held; i++) {
    name = `a${i}`;
    const answer = submit(name);
    if (invocations.at(-1)?.bodies.includes(name)) await answer;
    else held = answer;
  }
  t.ok(held, 'one of them waits, though nothing is under way');
  const other = submit('b2');
  t.ok(invocations.at(-1)?.bodies.includes('b2'), 'the other client does not');
  await Promise.all([held, other]);
  t.ok(
    invocations.slice(-2).some(({ bodies }) => bodies.includes(name)),
    'it leaves soon',
  );
});

t.test('a size of 1 coalesces nothing', async (t) => {
  const { submit, invocations } = coalescing({ maxSize: 1 });
  const answers = names('a', 3).map((name) => submit(name));
  for (let i = 0; i < 3; i++) await invocations[i]?.ok();
  await Promise.all(answers);
  t.same(bodies(invocations), [['a1'], ['a2'], ['a3']]);
  t.notOk(invocations.some(({ payload }) => payload.includes('"batch"')));
});

t.test('no payload above what Lambda takes', async (t) => {
  const { submit, invocations } = coalescing({ maxQueueBytes: 1e8 });
  const large = (i: number) => `a${i}${'x'.repeat(1_000_000)}`;
  const answers = Array.from({ length: 14 }, (_, i) => submit(large(i)));
  for (let i = 0; i < invocations.length; i++) await invocations[i]?.ok();
  await Promise.all(answers);
  t.same(
    invocations.map(({ bodies }) => bodies.length),
    [1, 6, 6, 1],
  );
  t.ok(invocations.every(({ payload }) => Buffer.byteLength(payload) <= MAX_PAYLOAD_BYTES));
});

t.test('clients take turns in a batch', async (t) => {
  const { submit, invocations } = coalescing({ maxSize: 4 });
  const answers = ['x1', ...names('a', 5), ...names('b', 2)].map((name) => submit(name));
  for (let i = 0; i < 4; i++) await invocations[i]?.ok();
  await Promise.all(answers);
  t.same(bodies(invocations), [['x1'], ['a1', 'b1', 'a2', 'b2'], ['a3', 'a4', 'a5']]);
});

t.test('past the bound of the queue a request is answered at once, with Retry-After', async (t) => {
  const { submit, invocations } = coalescing({ maxQueue: 3 });
  const first = submit('a0');
  const waiting = names('a', 3).map((name) => submit(name));
  const shed = await submit('a9');
  t.equal(codeOf(shed), 'busy');
  t.match(shed, { statusCode: 503, headers: { 'retry-after': /^[1-9]\d?$/ } });
  await invocations[0]?.ok();
  await invocations[1]?.ok();
  t.same((await Promise.all([first, ...waiting])).map(codeOf), ['200 a0', '200 a1', '200 a2', '200 a3']);
  const next = submit('a10');
  await invocations[2]?.ok();
  t.equal(codeOf(await next), '200 a10', 'there is room again');
});

t.test('the queue has a bound of bytes too', async (t) => {
  const { submit, invocations } = coalescing({ maxQueueBytes: 2000 });
  const answers = [submit('a0'), submit(`a1${'x'.repeat(1500)}`)];
  t.equal(codeOf(await submit(`a2${'x'.repeat(1500)}`)), 'busy');
  answers.push(submit('a3'));
  for (let i = 0; i < 2; i++) await invocations[i]?.ok();
  t.same(
    (await Promise.all(answers)).map(({ statusCode }) => statusCode),
    [200, 200, 200],
  );
});

t.test('no client holds more than half of the queue while others wait', async (t) => {
  const { submit, invocations } = coalescing({ maxQueue: 10, maxSize: 1 });
  const answers = [submit('x1'), submit('b1'), ...names('a', 5).map((name) => submit(name))];
  t.equal(codeOf(await submit('a6')), 'busy');
  answers.push(submit('b2'), submit('c1'));
  for (let i = 0; i < answers.length; i++) await invocations[i]?.ok();
  t.ok((await Promise.all(answers)).every(({ statusCode }) => statusCode === 200));
});

t.test('alone, a client may fill the whole queue; then others take the places of its last', async (t) => {
  const { submit, invocations } = coalescing({ maxQueue: 4 });
  const answers = names('a', 5).map((name) => submit(name));
  t.equal(codeOf(await submit('a6')), 'busy', 'full');
  answers.push(submit('b1'), submit('c1'));
  t.same((await Promise.all(answers.slice(3, 5))).map(codeOf), ['busy', 'busy'], 'its newest');
  t.equal(codeOf(await submit('a7')), 'busy', 'nor does it get them back');
  t.equal(codeOf(await submit('b2')), 'busy', 'a place goes only to who has fewer');
  for (let i = 0; i < 2; i++) await invocations[i]?.ok();
  const served = ['200 a1', '200 a2', '200 a3', 'busy', 'busy', '200 b1', '200 c1'];
  t.same((await Promise.all(answers)).map(codeOf), served);
});

t.test('full by bytes: the place of who holds the most of them', async (t) => {
  const { submit, invocations } = coalescing({ maxQueueBytes: 2_650 });
  const large = `a1${'x'.repeat(2_500)}`;
  const answers = [submit('a0'), submit(large), submit('b1'), submit('c1')];
  t.equal(codeOf(await (answers[1] as (typeof answers)[0])), 'busy');
  for (let i = 0; i < 2; i++) await invocations[i]?.ok();
  t.same((await Promise.all(answers)).map(codeOf), ['200 a0', 'busy', '200 b1', '200 c1']);
});

t.test('limits of a new configuration hold from the next request on', async (t) => {
  const { submit, invocations, coalescer, limits } = coalescing({ maxQueue: 1 });
  const answers = [submit('a1'), submit('a2')];
  t.equal(codeOf(await submit('a3')), 'busy');
  coalescer.setLimits({ ...limits, maxQueue: 2 });
  answers.push(submit('a4'));
  for (let i = 0; i < 2; i++) await invocations[i]?.ok();
  t.same((await Promise.all(answers)).map(codeOf), ['200 a1', '200 a2', '200 a4']);
});

t.test(
  'more go out at a time while full batches come back fast, and fewer once Lambda throttles',
  async (t) => {
    const { submit, invocations, limits, coalescer } = coalescing({ maxSize: 2, maxQueue: 1_000 });
    coalescer.setLimits({ ...limits, minInFlight: 1, maxInFlight: 4 });
    const answers = names('a', 60).map((name) => submit(name));
    const open = () => invocations.length - ended;
    let ended = 0;
    while (open() < 4) await invocations[ended++]?.ok();
    t.equal(open(), 4, 'no more than allowed');
    await invocations[ended++]?.end({ kind: 'throttled' });
    while (open() > 0) await invocations[ended++]?.ok();
    await waitUntil('the pause is over', () => open() > 0, { everyMs: 2 });
    t.ok(open() < 4, 'fewer at a time');
    while (ended < invocations.length) await invocations[ended++]?.ok();
    t.ok((await Promise.all(answers)).every(({ statusCode }) => statusCode === 200));
  },
);

t.test(
  'mixed clients in every batch: each request gets its own answer, in whatever way batches end, and a client keeps its order',
  async () => {
    const clients = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 60 });
    const ends = fc.array(fc.constantFrom('ok', 'failed', 'timeout', 'throttled', 'unreachable'), {
      maxLength: 30,
    });
    const bounds = fc.record({
      maxSize: fc.integer({ min: 1, max: 9 }),
      maxInFlight: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(clients, ends, bounds, async (order, outcomes, limits) => {
        const { submit, invocations } = coalescing(limits, () => (outcomes.shift() ?? 'ok') as 'ok');
        const bodies = order.map((client, index) => `${client}${index}`);
        const answers = await Promise.all(bodies.map((body) => submit(body)));
        const inOrder = (batch: string[], client: string) => {
          const own = batch.filter((body) => body.startsWith(client)).map((body) => bodies.indexOf(body));
          return own.every((place, index) => index === 0 || place > (own[index - 1] as number));
        };
        return (
          answers.every(
            ({ statusCode, body }, index) =>
              statusCode >= 500 || (statusCode === 200 && body === bodies[index]),
          ) && invocations.every(({ bodies }) => ['a', 'b', 'c', 'd'].every((one) => inOrder(bodies, one)))
        );
      }),
      { numRuns: 50 },
    );
  },
);
