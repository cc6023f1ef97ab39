import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import type { EnrichedBatch } from '../../../storm/enrich/enriched-batch.ts';
import { type BatcherOptions, createBatcher } from '../../../storm/store/batcher.ts';

/** A batcher over a store whose statements end when the test says so. */
function batching(options: Partial<BatcherOptions> = {}) {
  const told: string[] = [];
  const logs: string[] = [];
  const statements: { rows: number; done(): Promise<void>; refuse(): Promise<void> }[] = [];
  const store = ({ events, rejected }: EnrichedBatch) =>
    new Promise<void>((resolve, reject) => {
      const after = (act: () => void) => async () => {
        act();
        for (let i = 0; i < 5; i++) await turn();
      };
      statements.push({
        rows: events.length + rejected.length,
        done: after(resolve),
        refuse: after(() => reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' }))),
      });
    });
  const batcher = createBatcher({
    store: { store },
    ack: (id) => void told.push(`ack ${id}`),
    fail: (id) => void told.push(`fail ${id}`),
    report: (code, error, details) =>
      void logs.push(`${code} ${(error as { code?: string }).code} ${details?.().count}`),
    maxBatchRows: 10,
    lingerMs: 5,
    maxInFlight: 2,
    maxBufferedRows: 30,
    failPauseMs: 5,
    ...options,
  });
  const add = (id: string, rows: number) => batcher.add(id, { events: Array(rows).fill({}), rejected: [] });
  return { add, told, logs, statements };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

t.test('a full batch leaves at once, a small one after a moment; acks come after the commit', async (t) => {
  const { add, told, statements } = batching();
  add('a', 6);
  add('b', 6);
  t.same(
    statements.map(({ rows }) => rows),
    [6],
    'whole tuples only, up to the size',
  );
  t.same(told, []);
  await statements[0]?.done();
  t.same(told, ['ack a']);
  await until(() => statements.length === 2);
  await statements[1]?.done();
  t.same(told, ['ack a', 'ack b']);
});

t.test('a tuple larger than a batch goes alone; an empty one is acked too', async (t) => {
  const { add, told, statements } = batching();
  add('big', 25);
  t.equal(statements[0]?.rows, 25);
  await statements[0]?.done();
  add('empty', 0);
  await until(() => statements.length === 2);
  await statements[1]?.done();
  t.same(told, ['ack big', 'ack empty']);
});

t.test('no more statements at a time than allowed; past the bound a tuple is failed at once', async (t) => {
  const { add, told, statements } = batching();
  for (const id of ['a', 'b', 'c', 'd', 'e']) add(id, 10);
  t.equal(statements.length, 2);
  t.same(told, []);
  add('f', 10);
  t.same(told, ['fail f']);
  await statements[0]?.done();
  await until(() => statements.length === 3);
  add('g', 10);
  t.same(told, ['fail f', 'ack a']);
});

t.test('tuples of a statement that failed are failed after a pause, and the reason is logged', async (t) => {
  const { add, told, logs, statements } = batching();
  add('a', 5);
  add('b', 5);
  await statements[0]?.refuse();
  await until(() => told.length === 2);
  t.same(told, ['fail a', 'fail b']);
  t.match(logs, ['rows_not_stored ECONNREFUSED 10']);
  add('c', 10);
  await statements[1]?.done();
  t.equal(told[2], 'ack c');
});
