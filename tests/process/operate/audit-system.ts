import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Fact } from '../../../contracts/cloud-event.ts';
import type { StampedEvent } from '../../../contracts/stamped-event.ts';
import { startTopology } from '../../../infra/local/storm/run-topology.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import type { auditJson } from '../../../infra/operate/audit/json.ts';
import type { Repair } from '../../../infra/operate/audit/repair.ts';
import { auditProgram } from '../../../infra/operate/audit.ts';
import { runProgram } from '../../../infra/operate/run-program.ts';
import { encodeFrame } from '../../../stream/spool/frames.ts';
import { createStamper } from '../../../stream/stamp.ts';
import { analyticsDatabase } from '../../support/analytics-database.ts';
import { localKinesis } from '../../support/local-kinesis.ts';
import { recordedOutput } from '../../support/recorded-output.ts';
import { environment, registryDatabase } from '../../support/registry-database.ts';
import { registerEvent, registration } from '../../support/requests.ts';

const STREAM = 'audit-test';

type Books = ReturnType<typeof auditJson> & { repair: Repair | null };

/** A registry with its functions, a stream, the topology and an analytics database, all of the test's own. */
export async function auditSystem(t: Test) {
  const registry = await registryDatabase(t, 'demo', 'other');
  const functions = environment(t, registry.writerUrl);
  const analytics = await analyticsDatabase(t);
  const kinesis = await localKinesis(t, STREAM, 2);
  const dir = t.testdir({ spool: {} });
  const spoolDir = join(dir, 'spool');
  const env = {
    ...kinesis.env,
    DATABASE_URL: registry.url,
    ANALYTICS_URL: analytics.url,
    PISTATS_STREAM: STREAM,
    PISTATS_SPOOL_DIR: spoolDir,
    PISTATS_RUN: join(dir, 'none.json'),
  };
  // where the command, the AWS SDK and the topology look
  Object.assign(process.env, env);
  const topology = startTopology({
    dataDir: join(dir, 'storm'),
    logFile: join(dir, 'storm.log'),
    env: { PISTATS_POLL_MS: '50' },
  });
  t.teardown(() => topology.stop());
  let inTables = 0;

  return {
    registry,
    analytics,
    topology,
    kinesis,
    /** The fact of a new registration, by the function itself. */
    async register(client = 'demo'): Promise<Fact> {
      const body = registration({ installationId: randomUUID() });
      const { events } = await functions.one(registerEvent(body, { client }));
      return events[0] as Fact;
    },
    /** `npm run audit` in this process, and what it wrote into its file. */
    async audit(...args: string[]) {
      const file = join(dir, `${randomUUID()}.json`);
      const output = recordedOutput();
      const code = await runProgram(auditProgram(output), ['--json', file, ...args], output);
      const books = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Books) : undefined;
      return { code, books, stdout: output.results.join('\n'), stderr: output.said.join('\n') };
    },
    put: (events: StampedEvent[]) => kinesis.put(events.map((event) => JSON.stringify([event]))),
    /** Until that many more than at the last call are in the tables. */
    settled(more: number) {
      inTables += more;
      return waitUntil(
        `${inTables} events in the tables`,
        async () => {
          const { rows } = await analytics.pool.query(`select (select count(*) from events)
            + (select count(*) from duplicates) + (select count(*) from rejected_events) as count`);
          return Number(rows[0].count) >= inTables;
        },
        { timeoutMs: 60_000 },
      );
    },
    node: (producer: string) => createNode(producer, spoolDir),
  };
}

/** A gateway's node: what it stamps, and its spool. */
function createNode(producer: string, spoolDir: string) {
  const boot = randomUUID();
  const stamper = createStamper(producer, boot);
  let segments = 0;
  return {
    producer,
    boot,
    stamp(client: string, facts: Fact[], receivedAt = Date.now()): StampedEvent[] {
      const receipt = {
        client,
        requestId: randomUUID(),
        receivedAt,
        ip: '193.0.6.139',
        userAgent: undefined,
      };
      return (stamper.stamp(facts, receipt) ?? []).flatMap(
        ({ data }) => JSON.parse(data.toString()) as StampedEvent[],
      );
    },
    /** Writes a segment; `retire` makes a tally of it. */
    spool(events: StampedEvent[]) {
      const segment = `${String(++segments).padStart(8, '0')}.segment`;
      const file = join(spoolDir, boot, segment);
      mkdirSync(join(spoolDir, boot), { recursive: true });
      const data = Buffer.from(JSON.stringify(events));
      writeFileSync(file, encodeFrame({ stream: STREAM, partitionKey: 'key', data }));
      return {
        retire() {
          const cells = Map.groupBy(
            events,
            ({ clientid, receivedtime }) => `${clientid} ${receivedtime.slice(0, 16)}Z`,
          );
          const counts = [...cells].map(([cell, { length }]) => {
            const [client, minute] = cell.split(' ');
            return { client, minute, events: length };
          });
          const numbers = events.map(({ n }) => Number(n));
          const [from, to] = [Math.min(...numbers), Math.max(...numbers)];
          mkdirSync(join(spoolDir, 'tallies'), { recursive: true });
          const tally = { producer, boot, segment, from, to, counts };
          const name = `${boot}.${new Date().toISOString().slice(0, 10)}.ndjson`;
          writeFileSync(join(spoolDir, 'tallies', name), `${JSON.stringify(tally)}\n`, { flag: 'a' });
          rmSync(file);
        },
      };
    },
  };
}
