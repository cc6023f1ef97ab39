import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { type AwsCallError, createAwsClient, errorType } from '../../../stream/aws-client.ts';
import { locateService } from '../../../stream/aws-service.ts';
import { type AwsRequest, fakeAws } from '../../support/fake-aws.ts';

const SECRET = 'the-secret-key';
const TOKEN = 'the-session-token';
const call = { path: '/', headers: {}, body: '{}', timeoutMs: 10_000 };
const keyOf = ({ headers }: AwsRequest) => /Credential=([^/]+)/.exec(String(headers.authorization))?.[1];

interface Test {
  teardown(run: () => unknown): void;
}

/** Nothing of this machine's own configuration is read. */
function onlyEnvironment(t: Test, env: Record<string, string>) {
  const before = { ...process.env };
  for (const name of Object.keys(process.env))
    if (/^AWS_(ACCESS|SECRET|SESSION|PROFILE|CONTAINER|WEB|ROLE)/.test(name)) delete process.env[name];
  const none = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' };
  Object.assign(process.env, none, { AWS_EC2_METADATA_DISABLED: 'true' }, env);
  t.teardown(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  });
}

/** Such as the server of credentials that ECS and EKS have beside a task. */
async function jsonServer(t: Test, answer: (nth: number) => object | Promise<object>) {
  let asked = 0;
  let connections = 0;
  const server = createServer(async (_, response) => {
    response.end(JSON.stringify(await answer(++asked)));
  });
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/base/`, asked: () => asked, connections: () => connections };
}
const credentials = (AccessKeyId: string, livesMs: number) => ({
  AccessKeyId,
  SecretAccessKey: SECRET,
  Token: TOKEN,
  Expiration: new Date(Date.now() + livesMs).toISOString(),
});

const places: [what: string, env: Record<string, string>, region: string, endpoint: string][] = [
  ['the region', { AWS_REGION: 'eu-west-1' }, 'eu-west-1', 'https://lambda.eu-west-1.amazonaws.com/'],
  [
    'the default region',
    { AWS_REGION: '', AWS_DEFAULT_REGION: 'eu-west-3' },
    'eu-west-3',
    'https://lambda.eu-west-3.amazonaws.com/',
  ],
  [
    'a region of China',
    { AWS_REGION: 'cn-north-1' },
    'cn-north-1',
    'https://lambda.cn-north-1.amazonaws.com.cn/',
  ],
  [
    'an endpoint of all services',
    { AWS_REGION: 'a', AWS_ENDPOINT_URL: 'http://all:1', AWS_ENDPOINT_URL_KINESIS: 'http://other:1' },
    'a',
    'http://all:1/',
  ],
  [
    "the service's own endpoint before that",
    { AWS_REGION: 'a', AWS_ENDPOINT_URL: 'http://all:1', AWS_ENDPOINT_URL_LAMBDA: 'http://own:1/base' },
    'a',
    'http://own:1/base',
  ],
];
for (const [what, env, region, endpoint] of places)
  t.test(`${what} says where the service is`, async (t) => {
    const service = locateService('lambda', env);
    t.same([service.region, service.endpoint.href], [region, endpoint]);
  });

t.test('a region is needed', async (t) => {
  t.throws(() => locateService('lambda', { AWS_ENDPOINT_URL: 'http://all:1' }), /AWS_REGION/);
});

t.test('static keys need no call', async (t) => {
  const server = await jsonServer(t, () => credentials('never', 0));
  const { requests } = await fakeAws(t, () => ({}));
  const keys = { AWS_ACCESS_KEY_ID: 'static', AWS_SECRET_ACCESS_KEY: SECRET };
  onlyEnvironment(t, { ...keys, AWS_CONTAINER_CREDENTIALS_FULL_URI: server.url });
  const post = createAwsClient('lambda');
  for (let n = 0; n < 3; n++) t.equal((await post(call)).status, 200);
  t.same(requests.map(keyOf), ['static', 'static', 'static']);
  t.equal(server.asked(), 0);
});

t.test('connections are kept: calls one after the other need no new ones', async (t) => {
  const server = await jsonServer(t, (nth) => ({ nth }));
  onlyEnvironment(t, { AWS_ACCESS_KEY_ID: 'static', AWS_SECRET_ACCESS_KEY: SECRET });
  Object.assign(process.env, { AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL_LAMBDA: server.url });
  const post = createAwsClient('lambda');
  for (let nth = 1; nth <= 20; nth++) t.equal((await post(call)).body, JSON.stringify({ nth }));
  // the pool may not have had the first one back yet when the second call comes
  t.ok(server.connections() <= 2, `${server.connections()} connections`);
});

t.test("a container's credentials are fetched once and kept", async (t) => {
  const server = await jsonServer(t, (nth) => credentials(`role-${nth}`, 3_600_000));
  const { requests } = await fakeAws(t, () => ({}));
  onlyEnvironment(t, { AWS_CONTAINER_CREDENTIALS_FULL_URI: server.url });
  const post = createAwsClient('kinesis');
  await Promise.all([post(call), post(call)]);
  await post(call);
  t.same(requests.map(keyOf), ['role-1', 'role-1', 'role-1']);
  t.equal(requests[0]?.headers['x-amz-security-token'], TOKEN);
  t.equal(server.asked(), 1);
});

t.test('credentials that are about to expire are renewed, and nobody waits for it', async (t) => {
  const server = await jsonServer(t, (nth) => credentials(`role-${nth}`, nth === 1 ? 60_000 : 3_600_000));
  const { requests } = await fakeAws(t, () => ({}));
  onlyEnvironment(t, { AWS_CONTAINER_CREDENTIALS_FULL_URI: server.url });
  const post = createAwsClient('lambda');
  await waitUntil('the renewed key', async () => {
    await post(call);
    return keyOf(requests.at(-1) as AwsRequest) === 'role-2';
  });
  t.equal(keyOf(requests[0] as AwsRequest), 'role-1');
  t.equal(server.asked(), 2);
});

t.test('no error holds a secret', async (t) => {
  const late = Promise.withResolvers<object>();
  const server = await jsonServer(t, () => late.promise);
  const keys = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: SECRET, AWS_SESSION_TOKEN: TOKEN };
  const from = (url: string) => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url });
  const cases: [what: string, kind: string, env: Record<string, string>, answer: 'hang' | 'drop'][] = [
    ['no answer', 'timeout', keys, 'hang'],
    ['a connection that drops', 'unreachable', keys, 'drop'],
    ['nobody listens', 'unreachable', { ...keys, AWS_ENDPOINT_URL_LAMBDA: 'http://127.0.0.1:1' }, 'drop'],
    ['credentials that never come', 'timeout', from(server.url), 'drop'],
    ['no credentials', 'unreachable', {}, 'drop'],
  ];
  for (const [what, kind, env, answer] of cases)
    await t.test(what, async (t) => {
      await fakeAws(t, () => answer);
      onlyEnvironment(t, env);
      const timeoutMs = kind === 'timeout' ? 100 : 10_000;
      const error = (await createAwsClient('lambda')({ ...call, timeoutMs }).then(
        () => t.fail('it was answered'),
        (thrown) => thrown,
      )) as AwsCallError;
      t.equal(error.kind, kind);
      t.match(error.message, /^lambda: /);
      t.notMatch(inspect(error, { depth: 9, showHidden: true }), new RegExp(`${SECRET}|${TOKEN}`));
    });
  // else the chain would go on asking after this test
  late.resolve(credentials('late', 3_600_000));
});

t.test('a clock that is wrong is put right by the first refusal', async (t) => {
  const there = new Date(Date.now() + 3_600_000);
  const { requests } = await fakeAws(t, () => ({ status: 403, headers: { date: there.toUTCString() } }));
  const post = createAwsClient('lambda');
  t.equal((await post(call)).status, 403);
  await post(call);
  const ahead = requests.map(({ headers }) => {
    const [, day, time] = /^(\d{8})T(\d{6})Z$/.exec(String(headers['x-amz-date'])) ?? [];
    const iso = `${day}T${time}`.replace(/(....)(..)(..T..)(..)(..)/, '$1-$2-$3:$4:$5Z');
    return Math.round((Date.parse(iso) - Date.now()) / 600_000);
  });
  t.same(ahead, [0, 6], 'tens of minutes');
});

const types: [headers: Record<string, string>, body: string, type: string][] = [
  [{ 'x-amzn-errortype': 'Busy:http://internal.amazon.com/' }, '{"__type":"Other"}', 'Busy'],
  [{}, '{"__type":"com.amazonaws.kinesis#Busy","message":"x"}', 'Busy'],
  [{}, '{"code":"Busy"}', 'Busy'],
  [{}, '<html>', ''],
  [{}, 'null', ''],
];
for (const [headers, body, type] of types)
  t.test(`the error of ${JSON.stringify(headers)} ${body} is "${type}"`, async (t) => {
    t.equal(errorType({ status: 400, headers, body }), type);
  });
