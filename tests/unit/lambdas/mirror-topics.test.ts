import t from 'tap';
import type { ClaimedMirror, MirrorQueue, SettledMirror } from '../../../lambdas/ports/mirror-store.ts';
import type { Push, PushOutage, PushOutcome } from '../../../lambdas/ports/push.ts';
import { CALLS_AT_ONCE, MAX_PER_SECOND, mirrorTopics } from '../../../lambdas/reconcile/mirror-topics.ts';
import { LAST_START_MS } from '../../../lambdas/time-limits.ts';

const NOW = new Date('2026-06-01T12:00:00Z');

function waiting(changes: Partial<ClaimedMirror> = {}): ClaimedMirror {
  return {
    clientId: 'demo',
    addressValue: 'token-1',
    topic: 'sport',
    firebaseProject: 'project-1',
    version: 0,
    attempts: 0,
    action: 'join',
    ...changes,
  };
}

type Answer = (
  token: string,
  project: string,
) => PushOutcome | PushOutage | Promise<PushOutcome | PushOutage>;

/** Rows that wait, and an FCM that answers each token as `answer` says. */
function mirroring(rows: ClaimedMirror[], answer: Answer = () => ({ result: 'done' })) {
  const queued = [...rows];
  const settled: SettledMirror[] = [];
  const calls: [project: string, action: string, topic: string, tokens: string[]][] = [];
  const at = { once: 0, most: 0 };
  const queue: MirrorQueue = {
    projects: async () => [...new Set(queued.map(({ firebaseProject }) => firebaseProject))],
    async claim(project, limit) {
      const due = queued.filter(({ firebaseProject }) => firebaseProject === project).slice(0, limit);
      for (const row of due) queued.splice(queued.indexOf(row), 1);
      return due;
    },
    async settle(some) {
      settled.push(...some);
    },
    backlog: async () => [],
  };
  const push: Push = {
    async setTopic(project, action, topic, tokens) {
      calls.push([project, action, topic, tokens]);
      at.most = Math.max(at.most, ++at.once);
      const outcomes = await Promise.all(tokens.map((token) => answer(token, project)));
      at.once--;
      return outcomes.find((one) => 'outage' in one) ?? (outcomes as PushOutcome[]);
    },
  };
  const run = (msLeft: () => number = () => 60_000) => mirrorTopics({ queue, push, now: () => NOW }, msLeft);
  const outcomeOf = (address: string) =>
    settled.filter(({ row }) => row.addressValue === address).map(({ outcome }) => outcome);
  return { run, settled, outcomeOf, calls, queued, at };
}
const none = { joined: 0, gone: 0, dead: 0, later: 0 };

t.test('joins and leaves go to the topic of the client in its own Firebase project', async (t) => {
  const { run, settled, calls } = mirroring([
    waiting(),
    waiting({ addressValue: 'token-2' }),
    waiting({ action: 'leave', addressValue: 'token-3' }),
    waiting({ topic: 'news' }),
    waiting({ clientId: 'other', addressValue: 'token-4' }),
    waiting({ clientId: 'third', firebaseProject: 'project-2', addressValue: 'token-5' }),
  ]);
  t.same(await run(), { ...none, joined: 5, gone: 1 });
  t.same(calls.sort(), [
    ['project-1', 'join', 'demo.news', ['token-1']],
    ['project-1', 'join', 'demo.sport', ['token-1', 'token-2']],
    ['project-1', 'join', 'other.sport', ['token-4']],
    ['project-1', 'leave', 'demo.sport', ['token-3']],
    ['project-2', 'join', 'third.sport', ['token-5']],
  ]);
  t.equal(settled.length, 6);
  for (const { row, outcome } of settled)
    t.same(outcome, row.action === 'join' ? { result: 'joined' } : { result: 'gone', dead: false });
});

t.test('what FCM need not hear of is no call', async (t) => {
  const { run, calls, outcomeOf } = mirroring([
    waiting({ action: 'wait', firebaseProject: '', addressValue: 'waits' }),
    waiting({ action: 'forget', addressValue: 'forgotten' }),
  ]);
  t.same(await run(), { ...none, gone: 1 });
  t.same(calls, []);
  t.same(outcomeOf('waits'), [{ result: 'waits' }]);
  t.same(outcomeOf('forgotten'), [{ result: 'gone', dead: false }]);
});

t.test('a project that can’t be asked is asked once; the others go on beside it', async (t) => {
  const hanging = { firebaseProject: 'hangs' };
  let answer: (outage: PushOutage) => void = () => {};
  const silence = new Promise<PushOutage>((resolve) => {
    answer = resolve;
  });
  const { run, calls, settled, outcomeOf } = mirroring(
    [
      ...Array.from({ length: 100 }, (_, n) =>
        waiting({ ...hanging, addressValue: 'silent', topic: `t-${n}` }),
      ),
      ...Array.from({ length: 1_500 }, (_, n) => waiting({ addressValue: `a-${n}` })),
    ],
    (token) => {
      if (token === 'silent') return silence;
      if (token === 'a-1499') answer({ outage: 'timeout' });
      return { result: 'done' };
    },
  );
  const summary = await run();
  t.match(summary, { joined: 1_500 }, 'in two claims, while the other hung');
  const asked = calls.filter(([project]) => project === 'hangs').length;
  t.equal(asked, CALLS_AT_ONCE, 'those that were under way, and no more');
  t.equal(summary.later, asked);
  const outcomes = outcomeOf('silent');
  t.equal(
    outcomes.filter(({ result }) => result === 'released').length,
    100 - asked,
    'free for the next run',
  );
  t.match(
    outcomes.filter(({ result }) => result === 'later'),
    Array(asked).fill({ error: 'timeout' }),
  );
  t.equal(settled.length, 1_600);
});

t.test('a project that answers nothing but errors is left alone for this run', async (t) => {
  const rows = Array.from({ length: 3_000 }, (_, n) => waiting({ topic: `t-${n}` }));
  const { run, calls, queued } = mirroring(rows, () => ({ result: 'later', code: 'quota' }));
  const { later } = await run();
  t.ok(calls.length < 2 * CALLS_AT_ONCE, `${calls.length} calls`);
  t.equal(later, calls.length);
  t.equal(queued.length, 2_000, 'nothing more is claimed');
});

t.test('single failures among successes stop nobody', async (t) => {
  const rows = Array.from({ length: 200 }, (_, n) =>
    waiting({ topic: `t-${n}`, addressValue: `${n % 2 ? 'ok' : 'ill'}-${n}` }),
  );
  const { run } = mirroring(rows, (token) =>
    token.startsWith('ill') ? { result: 'later', code: 'internal' } : { result: 'done' },
  );
  t.same(await run(), { ...none, joined: 100, later: 100 });
});

t.test('a dead address is told as such; the others of its call are mirrored', async (t) => {
  const { run, outcomeOf } = mirroring(
    ['live-1', 'gone', 'live-2'].map((addressValue) => waiting({ addressValue })),
    (token) => (token === 'gone' ? { result: 'dead', code: 'not-registered' } : { result: 'done' }),
  );
  t.same(await run(), { ...none, joined: 2, dead: 1 });
  t.same(outcomeOf('gone'), [{ result: 'gone', dead: true }]);
  t.same(outcomeOf('live-2'), [{ result: 'joined' }]);
});

t.test('nothing is given up: each time after a longer pause, of an hour at most', async (t) => {
  for (const attempts of [0, 1, 5, 9, 10, 100, 2_000]) {
    const { run, settled } = mirroring([waiting({ attempts })], () => ({ result: 'later', code: 'quota' }));
    t.same(await run(), { ...none, later: 1 });
    const [{ outcome }] = settled as [SettledMirror];
    if (outcome.result !== 'later') return t.fail(outcome.result);
    t.equal(outcome.error, 'quota');
    const most = Math.min(3_600_000, 5_000 * 2 ** attempts);
    const pause = outcome.dueAt.getTime() - NOW.getTime();
    t.ok(pause >= most / 2 && pause <= most, `${attempts}: ${pause} ms`);
  }
});

t.test('all that waits is mirrored in claims of 1,000, no faster than FCM allows', async (t) => {
  const rows = Array.from({ length: 1_200 }, (_, index) => waiting({ addressValue: `token-${index}` }));
  const { run, calls, queued } = mirroring(rows);
  const startedAt = performance.now();
  t.match(await run(), { joined: 1_200 });
  const seconds = (performance.now() - startedAt) / 1_000;
  t.same(queued, []);
  t.same(
    calls.map(([, , , tokens]) => tokens.length),
    [1_000, 200],
  );
  // the second call begins when the first one's share of the second is over; timers may come a little early
  t.ok(seconds >= (1_000 / MAX_PER_SECOND) * 0.95, `${seconds} s`);
});

t.test('topics of one project are told beside each other, as many as may be at once', async (t) => {
  const rows = Array.from({ length: 200 }, (_, n) => waiting({ topic: `t-${n}` }));
  const { run, at } = mirroring(rows, async () => {
    await new Promise(setImmediate);
    return { result: 'done' };
  });
  t.match(await run(), { joined: 200 });
  t.ok(at.most > 1 && at.most <= CALLS_AT_ONCE, `${at.most} at once`);
});

t.test('a run without time begins nothing: what it had claimed is free again', async (t) => {
  const rows = Array.from({ length: 100 }, (_, n) => waiting({ topic: `t-${n}` }));
  let left = 60_000;
  const { run, calls, settled, queued } = mirroring(rows, () => {
    left = LAST_START_MS - 1;
    return { result: 'done' };
  });
  const { joined } = await run(() => left);
  t.equal(joined, calls.length);
  t.ok(joined < 100);
  t.equal(settled.filter(({ outcome }) => outcome.result === 'released').length, 100 - joined);
  t.same(queued, []);
  const later = mirroring(rows);
  t.same(await later.run(() => LAST_START_MS - 1), none);
  t.equal(later.queued.length, 100, 'nor is anything claimed');
});
