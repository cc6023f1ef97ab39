import pMap from 'p-map';
import type { Clock } from '../ports/clock.ts';
import type { ClaimedMirror, MirrorOutcome, MirrorQueue, SettledMirror } from '../ports/mirror-store.ts';
import type { Push, PushOutcome } from '../ports/push.ts';
import { LAST_START_MS, LEASE_MS } from '../time-limits.ts';
import { createPace } from './pace.ts';
import { settleTogether } from './settle-together.ts';

/** FCM's limit of topic changes a second and project (Firebase documentation: 3,000 QPS). */
export const MAX_PER_SECOND = 3_000;
/** firebase-admin takes at most 1,000 tokens a call. */
const TOKENS_A_CALL = 1_000;
const CLAIM = 1_000;
/** Firebase projects beside each other: one that hangs keeps no other waiting. */
const PROJECTS_AT_ONCE = 16;
/** Calls beside each other in one project: a site has many topics with few changes each. */
export const CALLS_AT_ONCE = 32;
/** So many calls without a single success, one after the other: the project is left alone until the next run. */
const FAILED_CALLS = 5;
const MIN_BACKOFF_MS = 5_000;
/** Nothing is given up, so this is how late FCM may learn of a change once it can again. */
const MAX_BACKOFF_MS = 3_600_000;

export interface MirrorPorts {
  queue: MirrorQueue;
  push: Push;
  now: Clock;
}

/** Rows by what became of them in a run; `later` were tried in vain. */
export interface MirrorSummary {
  joined: number;
  gone: number;
  dead: number;
  later: number;
}

/** Tells FCM what waits, every project by itself, until nothing is due or `msLeft()` runs out. */
export async function mirrorTopics(ports: MirrorPorts, msLeft: () => number): Promise<MirrorSummary> {
  const summary: MirrorSummary = { joined: 0, gone: 0, dead: 0, later: 0 };
  const projects = await ports.queue.projects();
  const settle = settleTogether(ports.queue);
  await pMap(projects, (project) => mirrorProject(project, { ...ports, settle }, msLeft, summary), {
    concurrency: PROJECTS_AT_ONCE,
  });
  return summary;
}

async function mirrorProject(
  project: string,
  { queue, push, now, settle }: MirrorPorts & Pick<MirrorQueue, 'settle'>,
  msLeft: () => number,
  summary: MirrorSummary,
): Promise<void> {
  const pace = createPace(MAX_PER_SECOND);
  /** not answering, or answering nothing but errors */
  let away = false;
  let failedCalls = 0;

  async function make(call: Call): Promise<SettledMirror[]> {
    const { action, topic, rows } = call;
    if (action === 'wait') return all(rows, { result: 'waits' });
    if (action === 'forget') return all(rows, { result: 'gone', dead: false });
    if (!away) await pace(rows.length);
    if (away || msLeft() < LAST_START_MS) return all(rows, { result: 'released' });
    const tokens = rows.map(({ addressValue }) => addressValue);
    const answer = await push.setTopic(project, action, topic, tokens);
    if ('outage' in answer) {
      away = true;
      return rows.map((row) => ({ row, outcome: tryLater(row, answer.outage, now()) }));
    }
    failedCalls = answer.some(({ result }) => result !== 'later') ? 0 : failedCalls + 1;
    if (failedCalls >= FAILED_CALLS) away = true;
    return rows.map((row, index) => ({ row, outcome: judge(row, answer[index] as PushOutcome, now()) }));
  }

  while (!away && msLeft() >= LAST_START_MS) {
    const rows = await queue.claim(project, CLAIM, LEASE_MS);
    if (rows.length === 0) return;
    // each call's rows are kept as soon as they are known: a run that dies has lost what was under way, not the rest
    const keep = async (call: Call) => {
      const settled = await make(call);
      await settle(settled);
      for (const { outcome } of settled) count(summary, outcome);
    };
    // a row is claimed again only after its call has ended: FCM hears of an address and a topic in one order
    await pMap(intoCalls(rows), keep, { concurrency: CALLS_AT_ONCE });
  }
}

interface Call {
  action: ClaimedMirror['action'];
  /** `<client>.<topic>` */
  topic: string;
  rows: ClaimedMirror[];
}

function intoCalls(rows: ClaimedMirror[]): Call[] {
  const byTopic = Object.groupBy(rows, ({ action, clientId, topic }) => `${action} ${clientId}.${topic}`);
  return Object.values(byTopic).flatMap((some = []) => {
    const [{ action, clientId, topic }] = some as [ClaimedMirror];
    const calls: Call[] = [];
    for (let at = 0; at < some.length; at += TOKENS_A_CALL)
      calls.push({ action, topic: `${clientId}.${topic}`, rows: some.slice(at, at + TOKENS_A_CALL) });
    return calls;
  });
}

const all = (rows: ClaimedMirror[], outcome: MirrorOutcome): SettledMirror[] =>
  rows.map((row) => ({ row, outcome }));

function judge(row: ClaimedMirror, outcome: PushOutcome, now: Date): MirrorOutcome {
  if (outcome.result === 'later') return tryLater(row, outcome.code, now);
  if (outcome.result === 'dead') return { result: 'gone', dead: true };
  return row.action === 'join' ? { result: 'joined' } : { result: 'gone', dead: false };
}

function tryLater({ attempts }: ClaimedMirror, error: string, now: Date): MirrorOutcome {
  const backoff = Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** attempts) * (0.5 + Math.random() / 2);
  return { result: 'later', error, dueAt: new Date(now.getTime() + backoff) };
}

function count(summary: MirrorSummary, outcome: MirrorOutcome): void {
  if (outcome.result === 'joined') summary.joined++;
  else if (outcome.result === 'later') summary.later++;
  else if (outcome.result === 'gone') outcome.dead ? summary.dead++ : summary.gone++;
}
