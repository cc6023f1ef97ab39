import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { runAudit } from './audit.ts';
import type { Fault } from './faults.ts';
import { type Accepted, KINDS, type Load, startLoad } from './load.ts';
import { allRun } from './parts.ts';
import { longestGap, type Row } from './row.ts';
import { countAbsorbed, missingRows, storedFacts } from './stored-rows.ts';
import type { System } from './system.ts';

/** Requests a second: what two cores take with ease beside Storm, so that a fault is seen and not the load. */
const RATE = 80;
const STEADY_S = 3;
/** Until all kinds of requests are answered again: the slowest, Storm apart, is a database that recovers. */
const RECOVERY_MS = 90_000;
/** For requests that are open when the load ends; then nothing is broken any more. */
const LAST_ANSWERS_MS = 60_000;
const DRAIN_MS = 120_000;
const NAMED = 20;

/** Load, the fault, load again, and then the books: what was answered 2xx is stored, and stored once. */
export async function runFault(
  t: Test,
  system: System,
  fault: Fault,
  say: (line: string) => void,
): Promise<Row> {
  const since = new Date();
  const { info } = system.stack;
  const keys = { first: info.keys.first?.pk ?? '', second: info.keys.second?.pk ?? '' };
  const load = startLoad({ proxyUrl: info.proxyUrl, keys, rate: RATE });
  let endedAt = 0;
  try {
    await flows(load, load.startedAt, 'the load before the fault');
    await applyFault(system, fault);
    await flows(load, performance.now(), 'answers to all kinds of requests after the fault');
  } finally {
    endedAt = performance.now();
    await load.stop(LAST_ANSWERS_MS);
  }
  const { accepted } = load;
  const expected = new Set(accepted.flatMap(({ facts }) => facts));
  const stored = await drain(system, since, expected);
  const lost = [...expected].filter((fact) => !stored.has(fact));
  const missing = await missingRows(system, accepted);
  const { duplicates, rejected } = await countAbsorbed(system, since);
  const gap = (answers: Accepted[]) =>
    Math.round(
      longestGap(
        answers.map(({ at }) => at),
        load.startedAt,
        endedAt,
      ),
    );
  const row: Row = {
    fault: fault.name,
    answered: accepted.length,
    facts: expected.size,
    stored: expected.size - lost.length,
    duplicates,
    lost: lost.length + missing.length,
    gapMs: gap(accepted),
    registrationGapMs: gap(accepted.filter(({ kind }) => kind === 'registration')),
    retries: load.retries,
  };
  say(
    `${fault.name}: ${row.answered} answered 2xx (${JSON.stringify(load.answers)}), ${row.lost} lost, ${row.gapMs} ms`,
  );

  for (const kind of KINDS)
    t.ok(accepted.filter((one) => one.kind === kind).length > RATE / 4, `${kind}: answered`);
  t.same(load.strange, [], 'no answer that a client should not see');
  t.equal(load.unanswered, 0, 'every request was answered 2xx in the end');
  t.same([...lost, ...missing].slice(0, NAMED), [], 'nothing that was answered 2xx is lost');
  t.same([...stored].filter(([, times]) => times > 1).slice(0, NAMED), [], 'nothing is stored twice');
  t.equal(rejected, 0, 'nothing was rejected');
  await fault.check?.(t, system, load);
  await waitUntil('every part', () => allRun(system), { timeoutMs: RECOVERY_MS, everyMs: 500 });
  t.pass('every part runs again');
  const audit = await runAudit(system, since, new Date());
  t.equal(audit.code, 0, 'the audit balances', { audit: audit.output.slice(0, 2_000) });
  return row;
}

async function applyFault(system: System, fault: Fault): Promise<void> {
  const heal = await fault.inject(system);
  try {
    if (fault.seconds) await delay(fault.seconds * 1_000);
  } finally {
    await heal?.();
  }
}

/** Waits until every kind of request was answered 2xx in each of the last STEADY_S seconds, all of them after `from`. */
async function flows(load: Load, from: number, what: string): Promise<void> {
  await waitUntil(
    what,
    () => {
      const now = performance.now();
      if (now - from < STEADY_S * 1_000) return false;
      const recent = load.accepted.filter(({ at }) => at > now - STEADY_S * 1_000);
      return KINDS.every((kind) => {
        const seconds = recent
          .filter((one) => one.kind === kind)
          .map(({ at }) => Math.floor((now - at) / 1_000));
        return new Set(seconds).size === STEADY_S;
      });
    },
    { timeoutMs: RECOVERY_MS, everyMs: 100 },
  );
}

/** What is stored once all that is expected is, or once that has taken too long. */
async function drain(system: System, since: Date, expected: Set<string>): Promise<Map<string, number>> {
  let stored = new Map<string, number>();
  const all = async () => {
    stored = await storedFacts(system, since);
    return [...expected].every((fact) => stored.has(fact));
  };
  await waitUntil('the rest', all, { timeoutMs: DRAIN_MS, everyMs: 500 }).catch(() => {});
  return stored;
}
