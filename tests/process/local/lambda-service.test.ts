import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvokeCommand, type InvokeCommandInput, LambdaClient } from '@aws-sdk/client-lambda';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import t from 'tap';
import { createFunction } from '../../../infra/local/lambda/function.ts';
import { createInvokeApi } from '../../../infra/local/lambda/invoke-api.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';

const HANDLER = `
import { connect } from 'node:net';
import { readdirSync, writeFileSync } from 'node:fs';
let calls = 0;
export async function handler(event, context) {
  calls++;
  if (event.log) console.log(event.log);
  if (event.throw) throw new TypeError(event.throw);
  if (event.exit) process.exit(7);
  if (event.sleep) await new Promise((resolve) => setTimeout(resolve, event.sleep));
  if (event.meet) {
    writeFileSync(event.meet + '/' + process.pid, '');
    while (readdirSync(event.meet).length < event.of) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  if (event.half) {
    const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
    const path = '/2018-06-01/runtime/invocation/' + context.awsRequestId + '/response';
    const head = 'POST ' + path + ' HTTP/1.1\\r\\nhost: x\\r\\ncontent-length: 1000\\r\\n\\r\\n{';
    const socket = connect(Number(port), host, () => socket.write(head, () => process.kill(process.pid, 'SIGKILL')));
    await new Promise(() => {});
  }
  if (event.big) return 'x'.repeat(7_000_000);
  return { calls, pid: process.pid, name: context.functionName, id: context.awsRequestId, env: process.env.COLOUR };
}`;

const codeDir = mkdtempSync(join(tmpdir(), 'pistats-function-'));
writeFileSync(join(codeDir, 'index.mjs'), HANDLER);
writeFileSync(join(codeDir, 'broken.mjs'), 'throw new Error("no configuration");');
const base = {
  codeDir,
  handler: 'index.handler',
  memory: 128,
  timeoutMs: 20_000,
  concurrency: 3,
  idleMs: 60_000,
};
const definitions = [
  { ...base, name: 'work', env: { COLOUR: 'blue' } as Record<string, string> },
  { ...base, name: 'single', concurrency: 1, env: {} },
  { ...base, name: 'brief', timeoutMs: 150, idleMs: 100, env: {} },
  { ...base, name: 'broken', handler: 'broken.handler', env: {} },
];
const functions = new Map(
  definitions.map((definition) => [definition.name, createFunction(definition, () => {})]),
);
const server = createInvokeApi(functions);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const client = new LambdaClient({
  region: 'eu-central-1',
  endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  maxAttempts: 1,
  requestHandler: new NodeHttpHandler(),
});
t.teardown(() => {
  client.destroy();
  for (const local of functions.values()) local.stop();
  server.close();
  rmSync(codeDir, { recursive: true });
});

async function invoke(name: string, event: unknown, extra: Partial<InvokeCommandInput> = {}) {
  const answer = await client.send(
    new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event), ...extra }),
  );
  const text = Buffer.from(answer.Payload ?? []).toString();
  return { ...answer, body: text ? JSON.parse(text) : undefined };
}

t.test('an environment is reused, one invocation at a time', async (t) => {
  const first = await invoke('work', {});
  const second = await invoke('work', {});
  t.match(first.body, { calls: 1, name: 'work', env: 'blue' });
  t.match(second.body, { calls: 2, pid: first.body.pid });
  t.not(second.body.id, first.body.id);
  t.equal(functions.get('work')?.stats().cold, 1);
});

t.test('concurrent invocations get an environment each, up to the limit', async (t) => {
  // none of the accepted ends before all three are under way
  const meet = join(codeDir, 'meet');
  mkdirSync(meet);
  const answers = await Promise.allSettled(Array.from({ length: 5 }, () => invoke('work', { meet, of: 3 })));
  const pids = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.body.pid] : []));
  t.equal(new Set(pids).size, 3);
  const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  t.equal(refused.length, 2);
  t.match(refused[0], {
    name: 'TooManyRequestsException',
    Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
    $metadata: { httpStatusCode: 429 },
  });
});

t.test('a throw is a function error, and the environment lives on', async (t) => {
  const answer = await invoke('single', { throw: 'no' });
  t.match(answer, { FunctionError: 'Unhandled', body: { errorType: 'TypeError', errorMessage: 'no' } });
  t.match((await invoke('single', {})).body, { calls: 2 });
});

t.test('an exit is a function error, and the next invocation gets a new environment', async (t) => {
  const answer = await invoke('single', { exit: true });
  t.match(answer, {
    FunctionError: 'Unhandled',
    body: { errorType: 'Runtime.ExitError', errorMessage: /exit status 7/ },
  });
  t.match((await invoke('single', {})).body, { calls: 1 });
});

t.test('a time-out ends the environment', async (t) => {
  const before = (await invoke('brief', {})).body.pid;
  const answer = await invoke('brief', { sleep: 5_000 });
  t.match(answer, {
    FunctionError: 'Unhandled',
    body: { errorType: 'Sandbox.Timedout', errorMessage: /timed out/ },
  });
  t.not((await invoke('brief', {})).body.pid, before);
});

t.test('idle environments are reaped', async (t) => {
  await invoke('brief', {});
  await waitUntil('no environment', () => functions.get('brief')?.stats().environments === 0);
  t.pass();
});

t.test('a function that can not initialise says why', async (t) => {
  t.match(await invoke('broken', {}), {
    FunctionError: 'Unhandled',
    body: { errorMessage: 'no configuration' },
  });
});

t.test('LogType Tail gives the end of the log', async (t) => {
  const answer = await invoke('work', { log: 'hello there' }, { LogType: 'Tail' });
  t.match(Buffer.from(answer.LogResult ?? '', 'base64').toString(), /hello there/);
});

t.test('Event is accepted at once and DryRun runs nothing', async (t) => {
  const before = functions.get('single')?.stats().invocations ?? 0;
  t.equal((await invoke('single', {}, { InvocationType: 'DryRun' })).StatusCode, 204);
  t.equal((await invoke('single', {}, { InvocationType: 'Event' })).StatusCode, 202);
  await waitUntil('the invocation', () => functions.get('single')?.stats().invocations === before + 1);
  t.pass();
});

t.test('what Lambda refuses is refused in its words', async (t) => {
  await t.rejects(invoke('nobody', {}), { name: 'ResourceNotFoundException' });
  await t.rejects(invoke('work', { big: 'x'.repeat(6_300_000) }), { name: 'RequestTooLargeException' });
  const notJson = client.send(new InvokeCommand({ FunctionName: 'work', Payload: Buffer.from('{') }));
  await t.rejects(notJson, { name: 'InvalidRequestContentException' });
  t.match(await invoke('work', { big: true }), { body: { errorType: 'Function.ResponseSizeTooLarge' } });
});

t.test(
  'an environment that is killed while it sends its answer harms its own invocation alone',
  async (t) => {
    for (let round = 0; round < 3; round++) {
      const { FunctionError, body } = await invoke('work', { half: true });
      t.equal(FunctionError, 'Unhandled');
      t.match(body, { errorType: 'Runtime.ExitError', errorMessage: /signal: SIGKILL/ });
    }
    t.match(await invoke('work', {}), { body: { calls: 1 } }, 'the service is there for the next');
  },
);
