import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import { freePort } from '../../infra/local/free-port.ts';
import { type RunInfo, readRunInfo } from '../../infra/local/run-info.ts';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { runCommand } from '../support/command-line.ts';
import { allEnded, familyOf, isRunning } from '../support/family.ts';

t.test(
  'npm start -- --once: every part, a load whose books balance, and nothing left, also of a run before that was killed',
  async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'pistats-once-'));
    chmodSync(dir, 0o711); // the database's own user walks through it
    t.teardown(() => rmSync(dir, { recursive: true, force: true }));
    const json = join(dir, 'table.json');
    const surge = join(dir, 'surge.csv');
    writeFileSync(surge, 'minute,requests\n00:00,1\n00:01,3\n00:02,2\n');
    const port = await freePort();
    const data = join(dir, 'data');
    const args = ['start', '--once', '--registrations', '40', '--surge', surge, '--json', json];
    const runFile = join(data, 'run.json');

    // a first run, killed: nothing of it is left, and the next works at once
    const first = runCommand(t, ['start', '--registrations', '5'], {
      PISTATS_DATA: data,
      PISTATS_PORT: String(port),
    });
    await waitUntil('all parts', () => existsSync(runFile), { timeoutMs: 90_000 });
    const killed = readRunInfo(runFile);
    const family = familyOf(killed.pids.stack as number);
    t.ok(family.length >= 12, `${family.length} processes`);
    process.kill(killed.pids.stack as number, 'SIGKILL');
    t.equal((await first).code, 1);
    await allEnded(family);
    t.notOk(existsSync(dirname(killed.pluginSocket)), 'the folder of sockets is gone');
    rmSync(runFile);

    let over = false;
    const command = runCommand(t, args, { PISTATS_DATA: data, PISTATS_PORT: String(port) }).finally(() => {
      over = true;
    });
    await waitUntil('all parts', () => over || existsSync(runFile), { timeoutMs: 90_000 });
    const info: Partial<RunInfo> = over ? {} : readRunInfo(runFile);
    const { code, stdout, stderr } = await command;

    t.equal(info.proxyUrl, `http://127.0.0.1:${port}`, stderr);
    t.equal(code, 0);
    const table = JSON.parse(readFileSync(json, 'utf8'));
    t.match(table, { sent: 40, registered: 40, rejected: {}, events_rejected: 0, balanced: true });
    t.equal(table.accepted, table.registered + table.subscribed);
    t.ok(table.events_received >= 40);
    t.equal(table.events_received, table.events_stored + table.events_duplicate);
    t.ok(table.invocations > 0 && table.environments > 0);
    t.match(stdout, /registration requests sent +40\n[\s\S]*\n\nThe books balance\.\n$/);
    t.match(
      stderr,
      /starting PostgreSQL[\s\S]*sent \d+ · answered \d+[\s\S]*pistats: stopping every process\n$/,
    );

    const pids = Object.entries(info.pids ?? {});
    t.ok(pids.length >= 8, pids.map(([name]) => name).join(', '));
    t.same(
      pids.filter(([, pid]) => isRunning(pid)),
      [],
      'every process has ended',
    );
    t.notOk(existsSync(runFile), 'and the note of their addresses is gone');
  },
);
