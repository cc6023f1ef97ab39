import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import t, { type Test } from 'tap';
import { startTopology } from '../../../infra/local/storm/run-topology.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';

/** Ends at once on its first two starts, leaving a child behind; then stays. */
const FAKE_JAVA = `#!/bin/sh
echo "$@" >> "$FAKE_DIR/arguments"
sleep 300 &
echo $! >> "$FAKE_DIR/children"
[ "$(wc -l < "$FAKE_DIR/children")" -lt 3 ] && { echo "no cluster today" >&2; exit 3; }
command -v node > "$FAKE_DIR/node"
echo $$ > "$FAKE_DIR/stays"
wait
`;

/** Puts a `java` of the test's own first on PATH. */
function fakeJava(t: Test, script: string): string {
  const dir = t.testdir({ bin: {} });
  writeFileSync(join(dir, 'bin', 'java'), script, { mode: 0o755 });
  const path = process.env.PATH;
  process.env.PATH = [join(dir, 'bin'), path].join(delimiter);
  t.teardown(() => {
    process.env.PATH = path;
  });
  return dir;
}

const running = (pid: number) => {
  try {
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

t.test('the cluster is started again when it ends, and stop() ends all of its processes', async (t) => {
  const dir = fakeJava(t, FAKE_JAVA);
  const logFile = join(dir, 'logs', 'storm.log');
  const topology = startTopology({ dataDir: join(dir, 'data'), logFile, env: { FAKE_DIR: dir } });
  t.teardown(() => topology.stop());
  await waitUntil('the third start', () => existsSync(join(dir, 'stays')), { timeoutMs: 10_000 });
  t.equal(topology.restarts, 2);
  t.ok(running(topology.pid));
  const log = readFileSync(logFile, 'utf8');
  t.match(log, /no cluster today/);
  t.match(log, /the cluster ended \(3\); starting it again in 200 ms[\s\S]*in 400 ms/);
  t.equal(readFileSync(join(dir, 'node'), 'utf8').trim(), process.execPath, 'components run on this Node');
  const [line] = readFileSync(join(dir, 'arguments'), 'utf8').split('\n');
  t.match(
    line,
    /-Xmx512m .*-Djava\.io\.tmpdir=\S+data\/tmp .*org\.apache\.storm\.flux\.Flux -e \S+topology\.yaml$/,
  );

  const pids = readFileSync(join(dir, 'children'), 'utf8').trim().split('\n').map(Number);
  await topology.stop();
  await topology.stop();
  await topology.exited;
  for (const pid of [topology.pid, ...pids]) await waitUntil(`end of ${pid}`, () => !running(pid));
});

t.test('stop() while it waits for the next start', async (t) => {
  const dir = fakeJava(t, '#!/bin/sh\nexit 1\n');
  const logFile = join(dir, 'storm.log');
  const topology = startTopology({ dataDir: dir, logFile, env: {} });
  await waitUntil(
    'the second wait',
    () => existsSync(logFile) && /in 400 ms/.test(readFileSync(logFile, 'utf8')),
  );
  await topology.stop();
  t.equal(topology.restarts, 1);
});
