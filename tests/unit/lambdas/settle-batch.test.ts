import fc from 'fast-check';
import t from 'tap';
import type { InvocationResponse } from '../../../contracts/invocation.ts';
import { ConflictError, DataError, LockTimeoutError, UnavailableError } from '../../../lambdas/errors.ts';
import { settleBatch } from '../../../lambdas/settle-batch.ts';
import { LARGEST_BATCH, triesUntilAlone } from '../../../lambdas/time-limits.ts';
import { answerOf } from '../../support/requests.ts';

const done = (item: number): InvocationResponse => ({ statusCode: 200, body: JSON.stringify({ item }) });

/** Runs `items` with an attempt that fails as `fault` says, and remembers what was attempted. */
async function settle(
  items: number[],
  fault: (items: number[], tries: number) => Error | undefined,
  isLate?: () => boolean,
) {
  const attempts: number[][] = [];
  const told: [code: string, items: number[]][] = [];
  const settling = async (some: number[]) => {
    attempts.push(some);
    const error = fault(some, attempts.length);
    if (error) throw error;
    return some.map(done);
  };
  const responses = await settleBatch(items, settling, {
    isLate,
    report: (code, _error, some) => told.push([code, some]),
  });
  return { attempts, told, answers: responses.map(answerOf) };
}

const range = (n: number) => Array.from({ length: n }, (_, index) => index);

t.test('nothing to do is nothing done', async (t) => {
  t.same(await settle([], () => new Error('never')), { attempts: [], told: [], answers: [] });
});

t.test('a conflict is tried anew, whole', async (t) => {
  const { attempts, answers } = await settle(range(5), (_, tries) =>
    tries < 4 ? new ConflictError('deadlock') : undefined,
  );
  t.same(attempts, [range(5), range(5), range(5), range(5)]);
  t.same(
    answers.map(({ body }) => body.item),
    range(5),
  );
});

t.test('a conflict that does not end is bisected: only who is in it is told 409', async (t) => {
  const { attempts, answers } = await settle(range(8), (items) =>
    items.includes(5) ? new ConflictError('overtaken') : undefined,
  );
  t.same(
    answers.map(({ status, code, retryAfter }) => [status, code, retryAfter]),
    range(8).map((item) =>
      item === 5 ? [409, 'idempotency_in_progress', '1'] : [200, undefined, undefined],
    ),
  );
  t.equal(attempts.length, 4 * 4 + 3, 'four tries a size, and the healthy halves once');
});

t.test(
  'a lock that another holds is waited for once by the batch, and once more by who needs it alone',
  async (t) => {
    const { attempts, answers } = await settle([0, 1], (items) =>
      items.includes(1) ? new LockTimeoutError('locked') : undefined,
    );
    t.same(attempts, [[0, 1], [0], [1]]);
    t.same(
      answers.map(({ status }) => status),
      [200, 409],
    );
  },
);

t.test('a locked row is waited for once a size: no oftener than its wait fits into the time', async (t) => {
  for (const size of [1, 2, 250, LARGEST_BATCH]) {
    const { attempts, answers } = await settle(range(size), (items) =>
      items.includes(size - 1) ? new LockTimeoutError('locked') : undefined,
    );
    const waits = attempts.filter((items) => items.includes(size - 1)).length;
    t.equal(waits, triesUntilAlone(size), `${size}`);
    t.equal(answers.filter(({ status }) => status === 200).length, size - 1);
  }
});

t.test('when the time is up nothing more is tried: 503 for what is not settled', async (t) => {
  let attempted = 0;
  const { attempts, answers } = await settle(
    range(8),
    (items) => {
      attempted++;
      return items.length > 1 || items.includes(1) ? new LockTimeoutError('locked') : undefined;
    },
    () => attempted >= 5,
  );
  t.same(attempts, [range(8), range(4), [0, 1], [0], [1]]);
  t.same(
    answers.map(({ status, code, retryAfter }) => [status, code, retryAfter]),
    [
      [200, undefined, undefined],
      [409, 'idempotency_in_progress', '1'],
      ...range(6).map(() => [503, 'unavailable', '2']),
    ],
  );
});

t.test('bad items are found one by one, the others keep their order', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 40 }), async (bad) => {
      const items = range(bad.length);
      const { attempts, answers } = await settle(items, (some) =>
        some.some((item) => bad[item]) ? new DataError('refused') : undefined,
      );
      const succeeded = attempts.filter((some) => !some.some((item) => bad[item])).flat();
      return (
        answers.length === items.length &&
        answers.every(({ status, code, body }, item) =>
          bad[item] ? status === 400 && code === 'body_invalid' : status === 200 && body.item === item,
        ) &&
        succeeded.every((item, index) => index === 0 || item > (succeeded[index - 1] as number))
      );
    }),
  );
  t.pass();
});

t.test('the halves never run side by side: they share one connection', async (t) => {
  let running = 0;
  await settleBatch(range(8), async (some) => {
    t.equal(++running, 1);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    if (some.length > 1) throw new DataError('refused');
    return some.map(done);
  });
});

t.test('a database that is away: 503 for all at once, without another attempt', async (t) => {
  const { attempts, answers } = await settle(range(4), () => new UnavailableError('away'));
  t.equal(attempts.length, 1);
  for (const answer of answers) t.match(answer, { status: 503, code: 'unavailable', retryAfter: '2' });
});

t.test('a database that goes away between the halves: the first stand', async (t) => {
  const { answers } = await settle(range(4), (items) => {
    if (items.length === 4) return new DataError('refused');
    return items.includes(3) ? new UnavailableError('away') : undefined;
  });
  t.same(
    answers.map(({ status }) => status),
    [200, 200, 503, 503],
  );
});

t.test('any other error is a crash', async (t) => {
  await t.rejects(
    settle(range(4), () => new TypeError('a fault of ours')),
    { message: 'a fault of ours' },
  );
});

t.test('whatever is not answered as it was asked is told once, with whose requests', async (t) => {
  const toldOf = async (...args: Parameters<typeof settle>) => (await settle(...args)).told;
  t.same(await toldOf(range(3), () => undefined), []);
  t.same(
    await toldOf(range(3), (_, tries) => (tries < 3 ? new ConflictError('x') : undefined)),
    [],
    'a conflict that ended',
  );
  t.same(await toldOf(range(3), () => new UnavailableError('x')), [['registry_unavailable', range(3)]]);
  const spoilt = (Fault: new (message: string) => Error) => (items: number[]) =>
    items.includes(2) ? new Fault('x') : undefined;
  t.same(await toldOf(range(4), spoilt(DataError)), [['value_refused', [2]]]);
  t.same(await toldOf(range(4), spoilt(LockTimeoutError)), [['row_contended', [2]]]);
  t.same(await toldOf(range(4), spoilt(ConflictError)), [['row_contended', [2]]]);
  t.same(await toldOf(range(4), spoilt(LockTimeoutError), () => true), [['batch_not_settled', range(4)]]);
});
