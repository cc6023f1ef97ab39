import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import t, { type Test } from 'tap';
import { migrateAnalytics } from '../../../analytics/migrate.ts';
import { freePort } from '../../../infra/local/free-port.ts';
import { startPostgres } from '../../../infra/local/postgres.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { kinesisSource } from '../../../stream/kinesis-source.ts';
import type { StreamSource } from '../../../stream/stream-source.ts';
import { analyticsDatabase } from '../../support/analytics-database.ts';
import { stamped } from '../../support/events.ts';
import { localKinesis } from '../../support/local-kinesis.ts';
import { startInProcess } from './in-process-topology.ts';

const STREAM = 'database-test';
const SHARDS = 2;
/** What a page holds at most (stream/kinesis-source.ts): read when the buffer is nearly full, it goes above it. */
const PAGE_RECORDS = 2_500;

async function stream(t: Test) {
  const kinesis = await localKinesis(t, STREAM, SHARDS);
  Object.assign(process.env, kinesis.env);
  let n = 0;
  return {
    source: kinesisSource(STREAM),
    put: (count: number) =>
      kinesis.put(Array.from({ length: count }, () => JSON.stringify([stamped({ n: String(++n) })]))),
    async storedOnce(pool: pg.Pool) {
      const query = `select count(*)::int as events, count(distinct n)::int as triples,
        (select count(*)::int from duplicates) as duplicates,
        (select count(*)::int from rejected_events) as rejected from events`;
      await waitUntil('every event', async () => (await pool.query(query)).rows[0].events >= n, {
        timeoutMs: 60_000,
      });
      return {
        is: (await pool.query(query)).rows[0],
        expected: { events: n, triples: n, duplicates: 0, rejected: 0 },
      };
    },
  };
}

/** Counts what is read, and how many reads are under way. */
function counting(source: StreamSource) {
  const counts = { reads: 0, underWay: 0, records: 0 };
  const counted: StreamSource = {
    ...source,
    async records(iterator) {
      counts.reads++;
      counts.underWay++;
      const page = await source.records(iterator).finally(() => counts.underWay--);
      counts.records += page.records.length;
      return page;
    },
  };
  return { counts, counted };
}

t.test(
  'a database that stands still stops the reading at the bound, and all is stored when it goes on',
  async (t) => {
    const { url, pool } = await analyticsDatabase(t);
    const { source, put, storedOnce } = await stream(t);
    // as in storm/database.ts, but sooner: statements that wait for the lock fail, and their tuples come again
    const impatient = new pg.Pool({ connectionString: url, max: 4, statement_timeout: 300 });
    impatient.on('error', () => {});
    const { counts, counted } = counting(source);
    const maxBufferedEvents = 2_000;
    await put(200);
    const topology = startInProcess({ source: counted, pool: impatient, maxBufferedEvents });
    t.teardown(async () => {
      await topology.stop();
      await impatient.end();
    });
    await storedOnce(pool);

    const lock = new pg.Client({ connectionString: url });
    t.teardown(() => lock.end());
    await lock.connect();
    await lock.query('begin');
    await lock.query('lock table events in access exclusive mode');
    const before = counts.records;
    await put(20_000);
    await waitUntil('the bound', () => counts.records - before >= maxBufferedEvents);
    let quiet = { reads: -1, since: 0 };
    await waitUntil('the end of the reading', () => {
      if (counts.underWay > 0 || counts.reads !== quiet.reads)
        quiet = { reads: counts.reads, since: Date.now() };
      return Date.now() - quiet.since > 1_000;
    });
    t.ok(
      counts.records - before <= maxBufferedEvents + SHARDS * PAGE_RECORDS,
      `${counts.records - before} of 20,000 were read`,
    );
    t.ok(topology.highestPending <= 20);

    await lock.query('commit');
    const { is, expected } = await storedOnce(pool);
    t.same(is, expected);
  },
);

t.test('a database that is killed while events come: each is stored once', { timeout: 90_000 }, async (t) => {
  // of this test's own: its kill -9 must hit nobody else
  const dataDir = mkdtempSync(join(tmpdir(), 'pistats-database-'));
  chmodSync(dataDir, 0o711);
  const postgres = await startPostgres({
    dataDir,
    port: await freePort(),
    logFile: join(dataDir, 'postgresql.log'),
    durable: true,
  });
  const url = postgres.url('analytics');
  await migrateAnalytics(url);
  const pool = new pg.Pool({ connectionString: url, max: 4, connectionTimeoutMillis: 3_000 });
  pool.on('error', () => {});
  const { source, put, storedOnce } = await stream(t);
  const topology = startInProcess({ source, pool });
  t.teardown(async () => {
    await topology.stop();
    await pool.end();
    await postgres.service.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  await put(500);
  await storedOnce(pool);
  // SIGQUIT is what `pg_ctl stop -m immediate` sends: no checkpoint, recovery at the next start
  for (const signal of ['SIGQUIT', 'SIGKILL'] as const) {
    const restarts = postgres.service.restarts;
    await put(500);
    process.kill(postgres.service.pid, signal);
    await put(500);
    await waitUntil(`PostgreSQL after ${signal}`, () => postgres.service.restarts > restarts);
    const { is, expected } = await storedOnce(pool);
    t.same(is, expected, signal);
  }
});
