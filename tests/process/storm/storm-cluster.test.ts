import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { STACK_VARIABLE } from '../../../infra/local/stale.ts';
import { startStormCluster } from '../../../infra/local/storm/start-cluster.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { analyticsDatabase } from '../../support/analytics-database.ts';
import { stamped } from '../../support/events.ts';
import { localKinesis } from '../../support/local-kinesis.ts';

const STREAM = 'cluster-test';
/** Five JVMs come up, some of them twice. The comment is how a file tells tap's runner. */
const TIMEOUT_MS = 420_000;
t.setTimeout(TIMEOUT_MS);
t.comment(`timeout=${TIMEOUT_MS}`);

t.test(
  'the topology on a cluster: a worker and nimbus are killed, every event is stored once',
  { timeout: TIMEOUT_MS },
  async (t) => {
    const { url, pool } = await analyticsDatabase(t);
    const kinesis = await localKinesis(t, STREAM, 2);
    const dataDir = join(t.testdir(), 'storm');
    const cluster = await startStormCluster({
      dataDir,
      env: { ...kinesis.env, ANALYTICS_URL: url, PISTATS_STREAM: STREAM, PISTATS_POLL_MS: '50' },
      say: (line) => t.comment(line),
    });
    t.teardown(() => cluster.stop());

    let n = 0;
    const put = (count: number) =>
      kinesis.put(Array.from({ length: count }, () => JSON.stringify([stamped({ n: String(++n) })])));
    const events = async () => (await one<{ n: number }>('select count(*)::int as n from events')).n;
    const stored = async (what: string) => {
      await waitUntil(what, async () => (await events()) >= n, { timeoutMs: 120_000 });
      t.same(
        await one(`select count(*)::int as events, max(n)::int as highest, count(distinct n)::int as triples,
          (select count(*)::int from duplicates) as duplicates,
          (select count(*)::int from rejected_events) as rejected from events`),
        { events: n, highest: n, triples: n, duplicates: 0, rejected: 0 },
        what,
      );
    };
    const one = async <T>(sql: string) => (await pool.query(sql)).rows[0] as T;
    const spout = async () =>
      (await one<{ pid: number }>("select pid from topology_heartbeats where component = 'spout'")).pid;

    await put(600);
    await stored('stored');
    const listening = listeners(processesOf(dataDir));
    t.ok(listening.length >= 4, `${listening.length} sockets listen`);
    for (const { address, port } of listening)
      t.ok(isLoopback(address), `port ${port} on 127.0.0.1 alone (${address})`);

    const first = await spout();
    const worker = parent(first);
    await put(300);
    process.kill(worker, 'SIGKILL');
    await put(300);
    await waitUntil('a new worker', async () => (await spout()) !== first, { timeoutMs: 120_000 });
    await stored('stored after the end of a worker');

    // nimbus is gone when its worker dies: the supervisor starts another by itself
    const second = await spout();
    process.kill(cluster.services.nimbus.pid, 'SIGKILL');
    process.kill(parent(second), 'SIGKILL');
    await put(300);
    await waitUntil('a new worker', async () => (await spout()) !== second, { timeoutMs: 120_000 });
    await stored('stored after the end of nimbus and a worker');
    t.equal(cluster.services.nimbus.restarts, 1, 'nimbus was started again');

    const { password } = new URL(url);
    const files = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    t.ok(files.length > 10);
    for (const { parentPath, name } of files)
      if (readFileSync(join(parentPath, name)).includes(password))
        t.fail(`${join(parentPath, name)} holds the password`);

    await cluster.stop();
    await waitUntil('the end of every process', () => processesOf(dataDir).length === 0);
  },
);

/** The cluster's processes, by what they carry in their environment. */
function processesOf(dataDir: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`${STACK_VARIABLE}=${dataDir}\0`);
      } catch {
        return false;
      }
    });
}

function parent(pid: number): number {
  return Number(/\) \S+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
}

/** The TCP sockets on which these processes listen; addresses as the kernel writes them, in hexadecimal. */
function listeners(pids: number[]): { address: string; port: number }[] {
  const sockets = new Set(pids.flatMap(openFiles).map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]));
  const LISTEN = '0A';
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, 'utf8').trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTEN && sockets.has(fields[9]))
    .map((fields) => {
      const [address = '', port = ''] = (fields[1] as string).split(':');
      return { address, port: Number.parseInt(port, 16) };
    });
}

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
}

/** 127.0.0.1, also as an IPv6 socket shows it; the kernel writes each word in the machine's (little-endian) order. */
function isLoopback(address: string): boolean {
  return ['0100007F', '0000000000000000FFFF00000100007F'].includes(address);
}
