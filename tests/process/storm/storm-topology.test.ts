import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SplitShardCommand } from '@aws-sdk/client-kinesis';
import t from 'tap';
import type { StampedEvent } from '../../../contracts/stamped-event.ts';
import { startTopology } from '../../../infra/local/storm/run-topology.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { analyticsDatabase } from '../../support/analytics-database.ts';
import { idAt, stamped } from '../../support/events.ts';
import { localKinesis } from '../../support/local-kinesis.ts';

const STREAM = 'topology-test';
/** Storm starts three times; the comment tells tap's runner. */
const TIMEOUT_MS = 240_000;
t.setTimeout(TIMEOUT_MS);
t.comment(`timeout=${TIMEOUT_MS}`);
const IPS = ['193.0.6.139', '133.11.93.77', '2001:67c:2e8:22::c100:68b'];

/** The real topology in Storm's LocalCluster, over a Kinesis and a database of this test's own. */
t.test(
  'what is put on the stream ends in exactly one table, whatever is killed',
  { timeout: TIMEOUT_MS },
  async (t) => {
    const { url, pool } = await analyticsDatabase(t);
    const kinesis = await localKinesis(t, STREAM, 2);
    const dataDir = t.testdir();
    const logFile = join(dataDir, 'storm.log');
    const topology = startTopology({
      dataDir,
      logFile,
      env: { ...kinesis.env, ANALYTICS_URL: url, PISTATS_STREAM: STREAM, PISTATS_POLL_MS: '20' },
    });
    t.teardown(() => topology.stop());
    const one = async <T>(sql: string) => (await pool.query(sql)).rows[0] as T;
    const books = () =>
      one<{ events: number; duplicates: number; rejected: number }>(`select
      (select count(*)::int from events) as events,
      (select count(*)::int from duplicates) as duplicates,
      (select count(*)::int from rejected_events) as rejected`);
    const settledAt = (expected: { events: number; duplicates: number; rejected: number }) =>
      waitUntil('the books', async () => JSON.stringify(await books()) === JSON.stringify(expected), {
        timeoutMs: 60_000,
      }).catch(async (error: Error) => {
        throw new Error(
          `${error.message}: ${JSON.stringify(await books())}, not ${JSON.stringify(expected)}`,
        );
      });
    let n = 0;
    const event = (changes: Partial<StampedEvent> = {}) => {
      n++;
      return stamped({ n: String(n), clientip: IPS[n % IPS.length], ...changes });
    };
    const record = (...events: StampedEvent[]) => JSON.stringify(events);

    const twin = event();
    const late = event({ id: idAt(new Date().toISOString(), -8 * 86_400_000) });
    await kinesis.put([
      record(twin),
      record(event(), event(), event()),
      '{"clientip":"193.0.6.139", this is no JSON',
      new Uint8Array([0xff, 0xd8, 0x00, 0x01]),
      record(event(), late, event({ type: 7 as never }), event()),
      record({ ...twin, n: String(++n) }),
      record(event({ data: { text: 'nul \u0000' } })),
      ...Array.from({ length: 1_200 }, () => record(event())),
    ]);
    const first = { events: 1_206, duplicates: 1, rejected: 5 };
    await settledAt(first);
    const { rows: reasons } = await pool.query(
      'select reason, count(*)::int as count from rejected_events group by 1 order by 1',
    );
    t.same(reasons, [
      { reason: 'clock', count: 1 },
      { reason: 'decode', count: 2 },
      { reason: 'invalid', count: 1 },
      { reason: 'unstorable', count: 1 },
    ]);
    const gaps = async () =>
      one<{
        triples: number;
        highest: number;
      }>(`select count(*)::int as triples, max(n)::int as highest from (
      select producer, boot, n from events union select producer, boot, n from duplicates
      union select producer, boot, n from rejected_events where n is not null) as all_triples`);
    t.same(await gaps(), { triples: n, highest: n }, 'every n from 1 on is there');
    const { rows: countries } = await pool.query('select distinct country from events order by 1');
    t.same(countries, [{ country: 'JP' }, { country: 'NL' }]);
    const everything = JSON.stringify([
      (await pool.query('select * from events')).rows,
      (await pool.query('select * from rejected_events')).rows,
      (await pool.query('select * from duplicates')).rows,
    ]);
    for (const ip of IPS) t.notOk(everything.includes(ip), `${ip} is stored nowhere`);
    t.match(everything, /193\.0\.6\.0\/24/);
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'));
    const { rows: versions } = await pool.query('select distinct code_version from rejected_events');
    t.match(versions, [{ code_version: new RegExp(`^${version.replaceAll('.', '\\.')}\\+[0-9a-f]{12}$`) }]);

    // a bolt, then the whole worker, are killed while records come; meanwhile a shard is split
    const storePid = async () =>
      (await one<{ pid: number }>("select pid from topology_heartbeats where component = 'store'")).pid;
    const before = await storePid();
    await kinesis.put(Array.from({ length: 500 }, () => record(event())));
    process.kill(before, 'SIGKILL');
    await kinesis.put(Array.from({ length: 500 }, () => record(event())));
    await waitUntil('a new store bolt', async () => (await storePid()) !== before, { timeoutMs: 40_000 });
    await kinesis.client.send(
      new SplitShardCommand({
        StreamName: STREAM,
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: String(2n ** 126n),
      }),
    );
    process.kill(topology.pid, 'SIGKILL');
    await kinesis.put(Array.from({ length: 500 }, () => record(event())));
    await settledAt({ ...first, events: first.events + 1_500 });
    t.same(await gaps(), { triples: n, highest: n });
    t.ok(topology.restarts >= 2);
    await waitUntil(
      'the parent’s end',
      async () =>
        (
          await one<{ ended: number }>(
            "select count(*)::int as ended from checkpoints where sequence = 'SHARD_END'",
          )
        ).ended === 1,
    );

    const { rows: pids } = await pool.query<{ pid: number }>('select pid from topology_heartbeats');
    const worker = topology.pid;
    await topology.stop();
    await topology.exited;
    for (const pid of [worker, ...pids.map((row) => row.pid)])
      await waitUntil(
        `end of ${pid}`,
        () => !existsSync(`/proc/${pid}/stat`) || /\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8')),
      );
    t.notMatch(
      readFileSync(logFile, 'utf8'),
      new RegExp(new URL(url).password || 'postgres://'),
      'no secret in the log',
    );
  },
);
