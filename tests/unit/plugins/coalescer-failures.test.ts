import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { coalescing, codeOf } from './coalescing.ts';

const names = (client: string, count: number) => Array.from({ length: count }, (_, i) => `${client}${i + 1}`);
const soon = { everyMs: 2 };

/** Runs `a0` alone and then `a1`…`a<count>` as one batch; `decide` says how each invocation ends. */
async function batchOf(count: number, decide: Parameters<typeof coalescing>[1]) {
  const run = coalescing({}, decide);
  const answers = ['a0', ...names('a', count)].map((name) => run.submit(name));
  return { ...run, answers: (await Promise.all(answers)).slice(1) };
}

t.test('how an invocation fails is told as a problem, without a word of AWS', async (t) => {
  for (const [kind, code, statusCode, retry] of [
    ['failed', 'function_failed', 502, false],
    ['timeout', 'function_timeout', 504, true],
    ['unreachable', 'unavailable', 503, true],
  ] as const) {
    const { submit } = coalescing({}, () => kind);
    const answer = await submit('a1');
    t.equal(answer.statusCode, statusCode);
    t.equal(codeOf(answer), code);
    t.equal('retry-after' in (answer.headers ?? {}), retry, `${code}: Retry-After`);
    t.notMatch(JSON.stringify(answer), /aws|lambda|sandbox/i);
  }
});

t.test('a batch that crashes is halved until the bad request is alone', async (t) => {
  const { answers, invocations } = await batchOf(8, (bodies) => (bodies.includes('a3') ? 'failed' : 'ok'));
  t.same(
    answers.map(codeOf),
    names('a', 8).map((name) => (name === 'a3' ? 'function_failed' : `200 ${name}`)),
  );
  const sizes = invocations.slice(1).map(({ bodies }) => bodies.length);
  t.same(sizes.toSorted(), [1, 1, 2, 2, 4, 4, 8]);
});

t.test('an odd batch where all are bad: everyone hears of itself', async (t) => {
  const { answers } = await batchOf(5, (bodies) => (bodies.includes('a0') ? 'ok' : 'failed'));
  t.same(new Set(answers.map(codeOf)), new Set(['function_failed']));
});

const malformed: [what: string, payload: unknown][] = [
  ['too few answers', { batch: [{ statusCode: 200 }] }],
  ['too many answers', { batch: Array(5).fill({ statusCode: 200 }) }],
  ['one that is no answer', { batch: [{ statusCode: 200 }, null] }],
  ['no list', { statusCode: 200 }],
  ['nothing', null],
];
for (const [what, payload] of malformed)
  t.test(`an answer of another shape is no answer: ${what}`, async (t) => {
    const { submit, invocations } = coalescing();
    const answers = ['a0', 'a1', 'a2'].map((name) => submit(name));
    await invocations[0]?.ok();
    await invocations[1]?.end({ kind: 'ok', payload });
    t.equal(invocations.length, 4, 'each of the two is asked again, alone');
    await invocations[2]?.ok();
    await invocations[3]?.end({ kind: 'ok', payload: { statusCode: 99 } });
    t.same((await Promise.all(answers)).map(codeOf), ['200 a0', '200 a1', 'function_failed']);
  });

t.test('a batch that timed out goes once more, in quarters', async (t) => {
  let timeouts = 1;
  const { answers, invocations } = await batchOf(8, (bodies) =>
    !bodies.includes('a0') && timeouts-- > 0 ? 'timeout' : 'ok',
  );
  t.same(
    answers.map(codeOf),
    names('a', 8).map((name) => `200 ${name}`),
  );
  t.same(
    invocations.slice(2).map(({ bodies }) => bodies.join()),
    ['a1,a2', 'a3,a4', 'a5,a6', 'a7,a8'],
  );
});

t.test('a quarter that times out again, and a lone request that does, is told so', async (t) => {
  const { answers, invocations } = await batchOf(4, (bodies) => (bodies.includes('a0') ? 'ok' : 'timeout'));
  t.same(answers.map(codeOf), Array(4).fill('function_timeout'));
  t.equal(invocations.length, 2 + 4);
});

t.test('a quarter in which one request crashes is halved as any batch', async (t) => {
  let timeouts = 1;
  const { answers } = await batchOf(8, (bodies) => {
    if (bodies.includes('a0')) return 'ok';
    if (timeouts-- > 0) return 'timeout';
    return bodies.includes('a3') ? 'failed' : 'ok';
  });
  t.same(
    answers.map(codeOf),
    names('a', 8).map((name) => (name === 'a3' ? 'function_failed' : `200 ${name}`)),
  );
});

t.test('requests whose deadline is too near for another try are told at once', async (t) => {
  const { submit, invocations } = coalescing();
  const first = submit('a0');
  const [hurried, patient] = [submit('a1', 200), submit('b1', 60_000)];
  await invocations[0]?.ok();
  const startedAt = Date.now();
  await waitUntil('more than half of its time is over', () => Date.now() - startedAt > 110, soon);
  await invocations[1]?.end({ kind: 'timeout' });
  t.equal(codeOf(await hurried), 'function_timeout');
  t.same(invocations[2]?.bodies, ['b1']);
  await invocations[2]?.ok();
  t.same((await Promise.all([first, patient])).map(codeOf), ['200 a0', '200 b1']);
});

t.test(
  'after two batches that failed as a whole the next is not halved, until the function answers',
  async (t) => {
    let broken = true;
    const { submit, invocations } = coalescing({ maxSize: 4 }, () => (broken ? 'failed' : 'ok'));
    const wave = async () => {
      const before = invocations.length;
      // the first leaves alone, the others wait for it and leave together
      const answers = await Promise.all(names('a', 5).map((name) => submit(name)));
      return { codes: new Set(answers.map(codeOf)), sent: invocations.length - before };
    };
    const halved = 1 + 7;
    t.same(await wave(), { codes: new Set(['function_failed']), sent: halved });
    t.equal((await wave()).sent, halved);
    t.same(
      await wave(),
      { codes: new Set(['function_failed']), sent: 2 },
      'the batch of four is one invocation',
    );
    broken = false;
    t.equal((await wave()).codes.size, 5, 'it answers again');
    broken = true;
    t.equal((await wave()).sent, halved, 'and the next failure is looked into again');
  },
);

t.test('a throttled batch waits at the head of the queue and goes again', async (t) => {
  let throttles = 2;
  const { submit, invocations } = coalescing({ maxSize: 2 }, (bodies) =>
    bodies.includes('a1') && throttles-- > 0 ? 'throttled' : 'ok',
  );
  const answers = names('a', 5).map((name) => submit(name));
  t.same(
    (await Promise.all(answers)).map(codeOf),
    names('a', 5).map((name) => `200 ${name}`),
  );
  t.same(
    invocations.map(({ bodies }) => bodies.join()),
    ['a1', 'a1,a2', 'a1,a2', 'a3,a4', 'a5'],
  );
});

t.test('while Lambda throttles nothing else is sent', async (t) => {
  const { submit, invocations } = coalescing({ maxInFlight: 2 });
  const answers = [submit('a1')];
  await invocations[0]?.end({ kind: 'throttled' });
  answers.push(submit('a2'), submit('b1'));
  t.equal(invocations.length, 1);
  await waitUntil('the pause is over', () => invocations.length === 2, soon);
  t.equal(invocations[1]?.bodies.length, 3);
  await invocations[1]?.ok();
  t.same(
    (await Promise.all(answers)).map(({ statusCode }) => statusCode),
    [200, 200, 200],
  );
});

t.test('a lone request that was throttled always goes again', async (t) => {
  // a timer may fire a little early by the clock on the wall: many tries find that moment
  const statuses = await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      let throttles = 1 + (i % 3);
      const { submit } = coalescing({}, () => (throttles-- > 0 ? 'throttled' : 'ok'));
      await new Promise((resolve) => setTimeout(resolve, i / 10));
      return (await submit('a1', 5_000)).statusCode;
    }),
  );
  t.same(new Set(statuses), new Set([200]));
});

t.test('throttled until its deadline: busy with Retry-After', async (t) => {
  const { submit } = coalescing({}, () => 'throttled');
  const answer = await submit('a1', 120);
  t.equal(codeOf(answer), 'busy');
  t.match(answer.headers, { 'retry-after': /^\d+$/ });
});

t.test('throttled, and the next try under way at its deadline: busy all the same', async (t) => {
  const { submit, invocations } = coalescing();
  const answer = submit('a1', 200);
  await invocations[0]?.end({ kind: 'throttled' });
  t.equal(codeOf(await answer), 'busy');
  t.equal(invocations.length, 2);
  await invocations[1]?.ok();
});

t.test('a request that waits past its deadline is answered and never sent', async (t) => {
  const { submit, invocations } = coalescing();
  const first = submit('a1');
  const late = await submit('a2', 20);
  t.equal(codeOf(late), 'busy');
  await invocations[0]?.ok();
  t.equal(codeOf(await first), '200 a1');
  t.equal(invocations.length, 1);
});

t.test('a request near its deadline does not take the others of its batch with it', async (t) => {
  const { submit, invocations } = coalescing();
  const first = submit('a0');
  const [hurried, patient] = [submit('a1', 40), submit('b1', 60_000)];
  await invocations[0]?.ok();
  t.ok((invocations[1]?.timeoutMs ?? 0) > 50_000, 'the invocation may take as long as the patient one waits');
  t.equal(codeOf(await hurried), 'function_timeout');
  await invocations[1]?.ok();
  t.same((await Promise.all([first, patient])).map(codeOf), ['200 a0', '200 b1']);
});
