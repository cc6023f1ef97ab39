import t from 'tap';
import type { MirrorQueue, MirrorResult, PendingMirror } from '../../../lambdas/ports/mirror-store.ts';
import type { Push, PushOutcome } from '../../../lambdas/ports/push.ts';
import { MAX_PER_SECOND, mirrorTopics } from '../../../lambdas/reconcile/mirror-topics.ts';

const NOW = new Date('2026-06-01T12:00:00Z');

function pending(changes: Partial<PendingMirror> = {}): PendingMirror {
  return {
    clientId: 'demo',
    deviceId: 'device-1',
    topic: 'sport',
    state: 'joined',
    attempts: 0,
    updatedAt: NOW.toISOString(),
    firebaseProject: 'project-1',
    addressKind: 'fcm_token',
    addressState: 'live',
    addressValue: 'token-1',
    ...changes,
  };
}

/** Rows that wait, and an FCM that answers each token as `outcome` says. */
function mirroring(
  rows: PendingMirror[],
  outcome: (token: string) => PushOutcome = () => ({ result: 'done' }),
) {
  const waiting = [...rows];
  const saved: MirrorResult[] = [];
  const calls: [string, string, string, string[]][] = [];
  const queue: MirrorQueue = {
    claim: async (limit) => waiting.splice(0, limit),
    save: async (results) => void saved.push(...results),
  };
  const push: Push = {
    async setTopic(project, action, topic, tokens) {
      calls.push([project, action, topic, tokens]);
      return tokens.map(outcome);
    },
  };
  const run = (msLeft: () => number = () => 60_000) => mirrorTopics({ queue, push, now: () => NOW }, msLeft);
  return { run, saved, calls, waiting };
}

t.test('joins and leaves go to the topic of the client in its own Firebase project', async (t) => {
  const { run, saved, calls } = mirroring([
    pending(),
    pending({ addressValue: 'token-2', deviceId: 'device-2' }),
    pending({ state: 'left', addressValue: 'token-3' }),
    pending({ topic: 'news' }),
    pending({ clientId: 'other', addressValue: 'token-4' }),
    pending({ clientId: 'third', firebaseProject: 'project-2', addressValue: 'token-5' }),
  ]);
  t.same(await run(), { mirrored: 6, dead: 0, later: 0, failed: 0 });
  t.same(calls, [
    ['project-1', 'join', 'demo.sport', ['token-1', 'token-2']],
    ['project-1', 'leave', 'demo.sport', ['token-3']],
    ['project-1', 'join', 'demo.news', ['token-1']],
    ['project-1', 'join', 'other.sport', ['token-4']],
    ['project-2', 'join', 'third.sport', ['token-5']],
  ]);
  t.equal(saved.length, 6);
  for (const result of saved) t.match(result, { mirror: 'mirrored', error: null, dead: false });
});

t.test('a project that does not answer is asked once; the others are mirrored meanwhile', async (t) => {
  const hanging = { firebaseProject: 'hangs', addressValue: 'silent' };
  const { run, saved, calls } = mirroring(
    [
      pending(hanging),
      pending({ ...hanging, topic: 'news' }),
      pending(),
      pending({ ...hanging, topic: 'more' }),
    ],
    (token) => (token === 'silent' ? { result: 'later', code: 'timeout' } : { result: 'done' }),
  );
  t.same(await run(), { mirrored: 1, dead: 0, later: 3, failed: 0 });
  t.same(
    calls.map(([project]) => project),
    ['hangs', 'project-1'],
  );
  t.equal(saved.filter(({ error }) => error === 'timeout').length, 3);
});

t.test('a device that FCM can’t reach is no work for FCM', async (t) => {
  const { run, saved, calls } = mirroring([
    pending({ addressKind: null, addressValue: null }),
    pending({ addressKind: 'webpush' }),
    pending({ addressState: 'dead' }),
    pending({ firebaseProject: null }),
  ]);
  t.same(await run(), { mirrored: 0, dead: 0, later: 0, failed: 0 });
  t.same(calls, []);
  t.same(
    saved.map(({ mirror, dead }) => [mirror, dead]),
    Array(4).fill(['none', false]),
  );
});

t.test(
  'a dead address is retired and not asked about again; the others of its call are mirrored',
  async (t) => {
    const { run, saved } = mirroring(
      ['live-1', 'gone', 'live-2'].map((addressValue) => pending({ addressValue })),
      (token) => (token === 'gone' ? { result: 'dead', code: 'not-registered' } : { result: 'done' }),
    );
    t.same(await run(), { mirrored: 2, dead: 1, later: 0, failed: 0 });
    t.same(
      saved.map(({ row, mirror, error, dead }) => [row.addressValue, mirror, error, dead]),
      [
        ['live-1', 'mirrored', null, false],
        ['gone', 'none', 'not-registered', true],
        ['live-2', 'mirrored', null, false],
      ],
    );
  },
);

t.test('an error of FCM is tried later: each time after a longer pause, and not for ever', async (t) => {
  const rows = Array.from({ length: 12 }, (_, attempts) => pending({ attempts, deviceId: `d${attempts}` }));
  const { run, saved } = mirroring(rows, () => ({ result: 'later', code: 'quota' }));
  t.same(await run(), { mirrored: 0, dead: 0, later: 9, failed: 3 });
  for (const { row, mirror, after, error, dead } of saved) {
    t.same(
      [mirror, error, dead],
      [row.attempts >= 9 ? 'failed' : 'pending', 'quota', false],
      `${row.attempts}`,
    );
    const most = Math.min(3_600_000, 5_000 * 2 ** row.attempts);
    const pause = after.getTime() - NOW.getTime();
    t.ok(pause >= most / 2 && pause <= most, `${row.attempts}: ${pause} ms`);
  }
});

t.test('all that waits is mirrored in claims of 1,000, no faster than FCM allows', async (t) => {
  const rows = Array.from({ length: 1_200 }, (_, index) => pending({ addressValue: `token-${index}` }));
  const { run, calls, waiting } = mirroring(rows);
  const startedAt = performance.now();
  t.match(await run(), { mirrored: 1_200 });
  const seconds = (performance.now() - startedAt) / 1_000;
  t.same(waiting, []);
  t.same(
    calls.map(([, , , tokens]) => tokens.length),
    [1_000, 200],
  );
  // timers may come a little early
  t.ok(seconds >= (1_200 / MAX_PER_SECOND) * 0.95, `${seconds} s`);
});

t.test('a run that has no time left claims nothing more', async (t) => {
  const rows = Array.from({ length: 1_001 }, () => pending());
  const { run, waiting } = mirroring(rows);
  let left = 10_001;
  t.match(await run(() => left--), { mirrored: 1_000 });
  t.equal(waiting.length, 1);
  t.same(await run(() => 10_000), { mirrored: 0, dead: 0, later: 0, failed: 0 });
  t.equal(waiting.length, 1);
});
