import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { freePort } from '../../../infra/local/free-port.ts';
import { ROOT } from '../../../infra/local/paths.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { enrich } from '../../../storm/enrich/enrich.ts';
import { encodeEnriched } from '../../../storm/enrich/enriched-batch.ts';
import { stamped } from '../../support/events.ts';

const PASSWORD = 'hunter2';
const ADDRESS = '203.0.113.7';

/** A component as Storm runs it, its database and stream at ports where nobody listens. */
async function component(t: Test, main: string) {
  const port = await freePort();
  const child: ChildProcess = spawn(process.execPath, [join(ROOT, 'storm', main)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ANALYTICS_URL: `postgres://topology:${PASSWORD}@127.0.0.1:${port}/analytics`,
      PISTATS_STREAM: 'events',
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY: PASSWORD,
      AWS_ENDPOINT_URL_KINESIS: `http://127.0.0.1:${port}`,
    },
  });
  t.teardown(() => child.kill('SIGKILL'));
  let said = '';
  for (const output of [child.stdout, child.stderr]) output?.on('data', (chunk) => (said += chunk));
  const send = (message: unknown) => child.stdin?.write(`${JSON.stringify(message)}\nend\n`);
  send({
    conf: {},
    pidDir: t.testdir(),
    context: { taskid: 1, componentid: 'x', 'task->component': { 1: 'x' } },
  });
  /** the lines of its log commands that are failures */
  const failures = () =>
    said
      .split('\nend\n')
      .filter((text) => text.startsWith('{"command":"log"'))
      .map((text) => (JSON.parse(text) as { msg: string }).msg)
      .filter((msg) => msg.startsWith('{'))
      .map((msg) => JSON.parse(msg) as Record<string, unknown>);
  return { send, failures, said: () => said };
}

t.test('the store bolt tells of a database that is away', async (t) => {
  const { send, failures, said } = await component(t, 'store/main.ts');
  const event = enrich(
    { event: stamped({ clientip: ADDRESS, requestid: 'req-1' }), day: '2026-01-02' },
    () => null,
  );
  const tuple = [encodeEnriched({ events: [event], rejected: [] })];
  send({ id: '7', comp: 'enrich', stream: 'default', task: 2, tuple });
  await waitUntil('the failed tuple', () => said().includes('{"command":"fail","id":"7"}'));
  t.match(failures(), [
    {
      level: 'WARN',
      message: 'rows_not_stored',
      service: 'store-bolt',
      cause: 'ECONNREFUSED',
      count: 1,
      requestIds: ['req-1'],
    },
  ]);
  t.notMatch(said(), new RegExp(`${PASSWORD}|${ADDRESS}|${event.user_id}`));
});

t.test('the spout tells of a stream that is away', async (t) => {
  const { send, failures, said } = await component(t, 'spout/main.ts');
  await waitUntil('the line', () => {
    send({ command: 'next' });
    return failures().length > 0;
  });
  t.match(failures(), [
    { message: 'shards_not_listed', service: 'kinesis-spout', cause: 'ECONNREFUSED', stream: 'events' },
  ]);
  t.notMatch(said(), new RegExp(`${PASSWORD}|AKIAEXAMPLE`));
});
