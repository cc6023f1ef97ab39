import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { tokenDigest } from '../../../infra/local/fcm/server.ts';
import { ROOT } from '../../../infra/local/paths.ts';
import { startService } from '../../../infra/local/service.ts';

const run = promisify(execFile);

t.test('firebase-admin, unmodified, through the stand-in', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'pistats-fcm-'));
  const service = await startService({
    name: 'fcm',
    command: process.execPath,
    args: [join(ROOT, 'infra/local/fcm/main.ts'), '--dir', dir, '--project', 'demo', '--project', 'slow'],
    logFile: join(dir, 'fcm.log'),
  });
  t.teardown(async () => {
    await service.stop();
    rmSync(dir, { recursive: true });
  });
  const { port, ca, credentialsDir } = service.readyLine as {
    port: number;
    ca: string;
    credentialsDir: string;
  };
  const script = `
    import { createFirebasePush } from '${join(ROOT, 'lambdas/adapters/firebase-push.ts')}';
    const push = createFirebasePush('${credentialsDir}');
    const tokens = ['live-1', 'gone-1', 'live-2', 'quota-1', 'bad-1'];
    const joined = await push.setTopic('demo', 'join', 'demo.sport', tokens);
    const left = await push.setTopic('demo', 'leave', 'demo.sport', ['live-2']);
    await push.setTopic('demo', 'leave', 'demo.sport', ['live-2', 'never-joined']);
    await push.setTopic('demo', 'join', 'demo.sport', ['live-1']);
    const unknown = await push.setTopic('nowhere', 'join', 'demo.sport', ['live-1']);
    const ask = async (path) => (await fetch('https://127.0.0.1:${port}' + path)).json();
    const [stats, members] = [await ask('/stats'), await ask('/members?topic=demo/demo.sport')];
    const behave = (body) => fetch('https://127.0.0.1:${port}/behaviour', { method: 'PUT', body });
    const impatient = createFirebasePush('${credentialsDir}', 300);
    const join = (by, project) => by.setTopic(project, 'join', 'demo.late', ['live-3']);
    await behave('429');
    const outages = [await join(push, 'demo')];
    await behave('hang');
    outages.push(await join(impatient, 'slow'));
    // what hung would come again now: its connections end with an error after which firebase-admin repeats
    await behave('ok');
    // nothing is left to do: no timer of a repeat, no connection
    await new Promise((resolve) => process.once('beforeExit', resolve));
    const late = await ask('/members?topic=slow/demo.late');
    outages.push(await join(push, 'demo'), await join(impatient, 'slow'));
    console.log(JSON.stringify({ joined, left, unknown, stats, members, late, outages }));
    process.exit(0);`;
  const { stdout } = await run(
    process.execPath,
    ['--import', join(ROOT, 'infra/local/fcm/redirect.mjs'), '--input-type=module', '-e', script],
    { cwd: ROOT, env: { ...process.env, FAKE_FCM_PORT: String(port), NODE_EXTRA_CA_CERTS: ca } },
  );
  const { joined, left, unknown, stats, members, late, outages } = JSON.parse(
    stdout.trim().split('\n').at(-1) as string,
  );
  t.match(joined, [
    { result: 'done' },
    { result: 'dead' },
    { result: 'done' },
    { result: 'later' },
    { result: 'dead' },
  ]);
  t.match(left, [{ result: 'done' }]);
  t.match(unknown, { outage: 'ENOENT' }, 'a project without a credential is tried again, not given up');
  t.match(
    stats,
    { topics: { 'demo/demo.sport': 1 }, refused: 3 },
    'joining twice is once, leaving unjoined nothing',
  );
  t.same(members, [tokenDigest('live-1')]);
  t.same(late, [], 'a call that was cut off is not made later: it might come after the next one');
  t.match(
    outages,
    [[{ result: 'later' }], { outage: 'timeout' }, [{ result: 'done' }], [{ result: 'done' }]],
    'an outage is made and ended by whoever asks',
  );
});
