import { join } from 'node:path';
import { MergeShardsCommand, PutRecordsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis';
import t from 'tap';
import { startTopology } from '../../../infra/local/storm/run-topology.ts';
import { writeTopologyVariant } from '../../../infra/local/storm/topology-variant.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { analyticsDatabase } from '../../support/analytics-database.ts';
import { stamped } from '../../support/events.ts';
import { localKinesis } from '../../support/local-kinesis.ts';

const STREAM = 'shards-test';
const shardId = (n: number) => `shardId-${String(n).padStart(12, '0')}`;
/** Two starts of Storm on a busy machine; the comment tells tap's runner. */
const TIMEOUT_MS = 240_000;
t.setTimeout(TIMEOUT_MS);
t.comment(`timeout=${TIMEOUT_MS}`);

t.test(
  'two spout tasks, then three, over shards that are split and merged under load: every event once',
  { timeout: TIMEOUT_MS },
  async (t) => {
    const { url, pool } = await analyticsDatabase(t);
    const kinesis = await localKinesis(t, STREAM, 4);
    const dataDir = t.testdir();
    let topology: ReturnType<typeof startTopology> | undefined;
    const start = async (tasks: number) => {
      topology = startTopology({
        dataDir: join(dataDir, 'storm'),
        logFile: join(dataDir, 'storm.log'),
        topologyFile: writeTopologyVariant(join(dataDir, `${tasks}.yaml`), {
          parallelism: { kinesis: tasks },
        }),
        env: { ...kinesis.env, ANALYTICS_URL: url, PISTATS_STREAM: STREAM, PISTATS_POLL_MS: '20' },
      });
      const since = new Date();
      const spouts =
        "select count(*)::int as n from topology_heartbeats where component = 'spout' and started_at >= $1";
      const running = async () => (await pool.query(spouts, [since])).rows[0].n === tasks;
      await waitUntil(`${tasks} spout tasks`, running, { timeoutMs: 90_000 });
    };
    t.teardown(() => topology?.stop());

    /** n of each event, by shard, in the order of the sequence numbers that the service gave */
    const put: { shard: string; sequence: bigint; n: number }[] = [];
    let n = 0;
    const load = async (records: number) => {
      const first = n;
      n += records;
      const Records = Array.from({ length: records }, (_, index) => ({
        Data: Buffer.from(JSON.stringify([stamped({ n: String(first + index + 1) })])),
        PartitionKey: String(first + index),
      }));
      const answer = await kinesis.client.send(new PutRecordsCommand({ StreamName: STREAM, Records }));
      answer.Records?.forEach(({ ShardId, SequenceNumber }, index) => {
        put.push({ shard: String(ShardId), sequence: BigInt(SequenceNumber ?? 0), n: first + index + 1 });
      });
    };
    /** A checkpoint promises that everything up to it is stored: it is read first, as the tables only grow. */
    const brokenPromises = async () => {
      const saved = (await pool.query<{ shard: string; sequence: string }>('select * from checkpoints')).rows;
      const stored = new Set(
        (await pool.query('select n::int from events')).rows.map((row) => row.n as number),
      );
      const upTo = new Map(saved.map(({ shard, sequence }) => [shard, sequence]));
      return put.filter(({ shard, sequence, n }) => {
        const position = upTo.get(shard);
        const behind = position === 'SHARD_END' || (position !== undefined && sequence <= BigInt(position));
        return behind && !stored.has(n);
      });
    };
    const reshard = async (command: SplitShardCommand | MergeShardsCommand) => {
      await load(100);
      await kinesis.client.send(command as SplitShardCommand);
      await load(100);
      t.same(await brokenPromises(), []);
    };
    const split = (shard: number, key: bigint) =>
      new SplitShardCommand({
        StreamName: STREAM,
        ShardToSplit: shardId(shard),
        NewStartingHashKey: String(key),
      });
    const merge = (shard: number, other: number) =>
      new MergeShardsCommand({
        StreamName: STREAM,
        ShardToMerge: shardId(shard),
        AdjacentShardToMerge: shardId(other),
      });
    const storedOnce = async () => {
      const query = `select count(*)::int as events, max(n)::int as highest, count(distinct n)::int as triples,
        (select count(*)::int from duplicates) as duplicates,
        (select count(*)::int from rejected_events) as rejected from events`;
      const summary = async () => (await pool.query(query)).rows[0];
      await waitUntil('every event', async () => (await summary()).events >= n, { timeoutMs: 90_000 });
      t.same(await summary(), { events: n, highest: n, triples: n, duplicates: 0, rejected: 0 });
    };
    const ended = async () =>
      (await pool.query("select shard from checkpoints where sequence = 'SHARD_END' order by 1")).rows.map(
        ({ shard }) => shard,
      );

    await start(2);
    // 4 and 5 from 0, whose children belong to either task; 6 from 2 and 3, each read by another task
    await reshard(split(0, 2n ** 125n));
    await reshard(merge(2, 3));
    for (let i = 0; i < 10; i++) {
      await load(50);
      t.same(await brokenPromises(), []);
    }
    await storedOnce();
    await waitUntil('the ends of 0, 2 and 3', async () => (await ended()).length === 3);

    // another number of tasks: the shards change hands, and what comes meanwhile waits
    await load(100);
    await topology?.stop();
    await reshard(split(1, 2n ** 126n + 2n ** 125n));
    await start(3);
    await reshard(merge(4, 5));
    await storedOnce();
    await waitUntil('every end', async () => (await ended()).length === 6);
    t.same(await ended(), [0, 1, 2, 3, 4, 5].map(shardId));
    t.same(await brokenPromises(), []);
  },
);
