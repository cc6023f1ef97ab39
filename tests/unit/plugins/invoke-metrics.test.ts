import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { registry } from '../../../metrics/registry.ts';
import { coalescing } from './coalescing.ts';

/** What Prometheus would read of a function: `{queue_depth: …}`, a class behind a dot. */
async function read(name: string): Promise<Record<string, number>> {
  const values: Record<string, number> = {};
  for (const line of (await registry.metrics()).split('\n')) {
    const [, metric, labels = '', value] = /^pistats_(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
    if (!metric || !labels.includes(`function="${name}"`) || labels.includes('le=')) continue;
    const kind = /class="(\w+)"/.exec(labels)?.[1];
    values[kind ? `${metric}.${kind}` : metric] = Number(value);
  }
  return values;
}

t.test('the queue is told by class: an unfair one would make the others as old as the busiest', async (t) => {
  const { name, submit, invocations } = coalescing();
  const answers = ['a0', 'a1', 'a2', 'b1'].map((one) => submit(one));
  t.match(await read(name), {
    'queue_depth.busiest': 2,
    'queue_depth.others': 1,
    invocations_in_flight: 1,
    invocations_in_flight_limit: 1,
  });
  const before = (await read(name))['queue_age_seconds.others'] ?? 0;
  await waitUntil(
    'it ages by itself',
    async () => ((await read(name))['queue_age_seconds.others'] ?? 0) > before,
    {
      everyMs: 2,
    },
  );
  for (let i = 0; i < 2; i++) await invocations[i]?.ok();
  await Promise.all(answers);
  t.match(await read(name), {
    'queue_depth.busiest': 0,
    'queue_depth.others': 0,
    'queue_age_seconds.busiest': 0,
    'queue_wait_seconds_count.busiest': 2,
    'queue_wait_seconds_count.others': 1,
    invocations_in_flight: 0,
    invocations_total: 2,
    batch_size_count: 2,
    batch_size_sum: 4,
    invocation_seconds_count: 2,
  });
});

t.test('what goes another way than straight on is counted', async (t) => {
  const ends = ['throttled', 'timeout', 'failed', 'ok'] as const;
  let turn = 0;
  const { name, submit } = coalescing({ maxQueue: 8 }, (bodies) => {
    if (bodies.includes('a0') || bodies.length === 1) return 'ok';
    return ends[turn++] ?? 'ok';
  });
  const answers = Array.from({ length: 9 }, (_, i) => submit(`a${i}`));
  await submit('a9');
  await Promise.all(answers);
  t.match(await read(name), { shed_total: 1, throttled_total: 1, retried_total: 1, bisected_total: 1 });
});

t.test('a request whose deadline comes while it waits is shed, too', async (t) => {
  const { name, submit, invocations } = coalescing();
  const first = submit('a0');
  await submit('a1', 20);
  await invocations[0]?.ok();
  await first;
  t.match(await read(name), { shed_total: 1 });
});

t.test(
  'an environment that was started for an invocation is counted once, and no client hears of it',
  async (t) => {
    const { name, submit, invocations } = coalescing();
    const answers = ['a0', 'a1', 'a2'].map((one) => submit(one));
    await invocations[0]?.end({ kind: 'ok', payload: { statusCode: 200, coldStart: { initMs: 120 } } });
    await invocations[1]?.end({
      kind: 'ok',
      payload: { batch: [{ statusCode: 200 }, { statusCode: 200 }], coldStart: { initMs: 80 } },
    });
    t.same(await Promise.all(answers), Array(3).fill({ statusCode: 200 }));
    const { cold_start_seconds_count: count, cold_start_seconds_sum: sum } = await read(name);
    t.same([count, sum], [2, 0.2]);
  },
);
