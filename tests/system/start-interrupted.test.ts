import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { freePort } from '../../infra/local/free-port.ts';
import { ROOT } from '../../infra/local/paths.ts';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { allEnded, familyOf } from '../support/family.ts';

for (const { during, said } of [
  { during: 'the start of the databases', said: /starting PostgreSQL/ },
  { during: 'the migrations', said: /applying the migrations/ },
  { during: 'the start of the gateway', said: /starting the Lambda service/ },
  { during: 'the load', said: /^sent [1-9]/m },
])
  t.test(`Ctrl-C in ${during}: "interrupted", and nothing is left`, async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'pistats-interrupted-'));
    chmodSync(dir, 0o711); // the database's own user walks through it
    t.teardown(() => rmSync(dir, { recursive: true, force: true }));
    const command = spawn(process.execPath, [join(ROOT, 'infra/local/bootstrap.mjs'), 'start'], {
      env: { ...process.env, PISTATS_DATA: join(dir, 'data'), PISTATS_PORT: String(await freePort()) },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const pid = command.pid as number;
    t.teardown(() => command.kill('SIGKILL'));
    let output = '';
    for (const stream of [command.stdout, command.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const exited = new Promise((resolve) => command.once('close', resolve));
    await waitUntil(during, () => said.test(output), { timeoutMs: 90_000, everyMs: 10 });
    const family = familyOf(pid);
    process.kill(-pid, 'SIGINT');
    t.equal(await exited, 130, output);
    await allEnded(family);
    const last = output.slice(output.search(said));
    t.match(last, /pistats: interrupted\.\n$/);
    t.notMatch(last, /balance|missing|did not start|\n {4}at /);
  });
