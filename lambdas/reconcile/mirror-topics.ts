import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../ports/clock.ts';
import type { MirrorQueue, MirrorResult, PendingMirror } from '../ports/mirror-store.ts';
import type { Push, PushOutcome } from '../ports/push.ts';

/** FCM's limit of topic changes a second and project (Firebase documentation: 3,000 QPS). */
export const MAX_PER_SECOND = 3_000;
const CLAIM = 1_000;
/** firebase-admin takes at most 1,000 tokens a call. */
const TOKENS_A_CALL = 1_000;
const MAX_ATTEMPTS = 10;
const MIN_BACKOFF_MS = 5_000;
const MAX_BACKOFF_MS = 3_600_000;
/** Longer than a run: after it the rows of a run that died are free again. */
const LEASE_MS = 120_000;

export interface MirrorPorts {
  queue: MirrorQueue;
  push: Push;
  now: Clock;
}

export interface MirrorSummary {
  mirrored: number;
  dead: number;
  later: number;
  failed: number;
}

/** Mirrors what waits in the queue to FCM topics until none is left or `msLeft()` runs out. */
export async function mirrorTopics(ports: MirrorPorts, msLeft: () => number): Promise<MirrorSummary> {
  const summary: MirrorSummary = { mirrored: 0, dead: 0, later: 0, failed: 0 };
  while (msLeft() > 10_000) {
    const rows = await ports.queue.claim(CLAIM, LEASE_MS);
    if (rows.length === 0) break;
    const startedAt = performance.now();
    const results = await mirror(rows, ports);
    await ports.queue.save(results);
    for (const { mirror: outcome, dead } of results) {
      if (dead) summary.dead++;
      else if (outcome === 'mirrored') summary.mirrored++;
      else if (outcome === 'pending') summary.later++;
      else if (outcome === 'failed') summary.failed++;
    }
    // all of a claim may belong to one project
    await delay(Math.max(0, (rows.length / MAX_PER_SECOND) * 1000 - (performance.now() - startedAt)));
  }
  return summary;
}

async function mirror(rows: PendingMirror[], { push, now }: MirrorPorts): Promise<MirrorResult[]> {
  const results: MirrorResult[] = [];
  const calls = new Map<string, PendingMirror[]>();
  for (const row of rows) {
    const reachable = row.addressKind === 'fcm_token' && row.addressState === 'live' && row.firebaseProject;
    if (!reachable) results.push({ row, mirror: 'none', error: null, after: now(), dead: false });
    else {
      const name = JSON.stringify([row.firebaseProject, row.state, `${row.clientId}.${row.topic}`]);
      calls.set(name, [...(calls.get(name) ?? []), row]);
    }
  }
  /** projects that did not answer, and why */
  const away = new Map<string, PushOutcome>();
  for (const [name, some] of calls) {
    const [project, state, topic] = JSON.parse(name) as [string, PendingMirror['state'], string];
    for (let at = 0; at < some.length; at += TOKENS_A_CALL) {
      const part = some.slice(at, at + TOKENS_A_CALL);
      const tokens = part.map(({ addressValue }) => addressValue as string);
      // one that hangs would use up the run call by call, and what the others did would be lost with it
      const outage = away.get(project);
      const outcomes = outage
        ? tokens.map(() => outage)
        : await push.setTopic(project, state === 'joined' ? 'join' : 'leave', topic, tokens);
      const silent = outcomes.find((outcome) => outcome.result === 'later' && outcome.code === 'timeout');
      if (silent) away.set(project, silent);
      for (const [index, row] of part.entries())
        results.push(judge(row, outcomes[index] as PushOutcome, now()));
    }
  }
  return results;
}

function judge(row: PendingMirror, outcome: PushOutcome, now: Date): MirrorResult {
  if (outcome.result === 'done') return { row, mirror: 'mirrored', error: null, after: now, dead: false };
  if (outcome.result === 'dead') return { row, mirror: 'none', error: outcome.code, after: now, dead: true };
  const backoff = Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** row.attempts) * (0.5 + Math.random() / 2);
  const after = new Date(now.getTime() + backoff);
  const givenUp = row.attempts + 1 >= MAX_ATTEMPTS;
  return { row, mirror: givenUp ? 'failed' : 'pending', error: outcome.code, after, dead: false };
}
