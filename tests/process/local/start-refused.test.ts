import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startOf } from '../../../infra/local/processes.ts';
import { runCommand } from '../../support/command-line.ts';

/** A data folder of the test's own, so that a stack of somebody else's is in nobody's way. */
function dataFolder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'pistats-usage-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function portInUse(t: Test): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  return String(typeof address === 'object' && address?.port);
}

/** What was built since the last set-up may be told first; then comes the sentence, and nothing else. */
const only = (sentence: string) => new RegExp(`^(pistats: building [^\\n]+\\n)*pistats: ${sentence}\\n$`);

t.test('a port in use: one sentence, and nothing was started', async (t) => {
  const PISTATS_DATA = dataFolder(t);
  const PISTATS_PORT = await portInUse(t);
  const ended = await runCommand(t, ['start', '--registrations', '1'], { PISTATS_DATA, PISTATS_PORT });
  t.match(
    ended.stderr,
    only(`port ${PISTATS_PORT} is in use; stop what listens there or set PISTATS_PORT to another port\\.`),
  );
  t.equal(ended.code, 1);
  t.equal(ended.stdout, '');
  t.same(readdirSync(PISTATS_DATA), [], 'no part has left a file');
});

t.test('a second stack over the same folder: one sentence that names the first', async (t) => {
  const PISTATS_DATA = dataFolder(t);
  // it has this number, and began when this process did
  const stack = process.pid;
  const list = join(PISTATS_DATA, 'processes.ndjson');
  writeFileSync(list, JSON.stringify({ name: 'stack', pid: stack, start: startOf(stack) }));
  const ended = await runCommand(t, ['start'], { PISTATS_DATA, PISTATS_PORT: await portInUse(t) });
  t.match(
    ended.stderr,
    only(`piStats already runs here \\(process ${stack}\\); stop it first: kill ${stack}`),
  );
  t.equal(ended.code, 1);
  t.ok(existsSync(list), 'the process list of the first stays');
});
