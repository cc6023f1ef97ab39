import t from 'tap';
import { FORWARDED_HEADERS } from '../../../contracts/invocation.ts';
import { each, registered } from './cloud.ts';
import { BODY, consumer, makeKey, ORIGIN, startGatewayNode, tagOf } from './gateway-node.ts';

const KEY = makeKey('pk', 'acme');
const OTHER = makeKey('pk', 'other');
const node = await startGatewayNode(t, {
  consumers: [consumer('acme', tagOf(KEY)), consumer('other', tagOf(OTHER))],
});
node.cloud.lambda = (invocation) => each(invocation, registered);
const records: unknown[] = [];
node.cloud.kinesis = (sent) => {
  records.push(...sent);
  return sent.map(() => true);
};

/** Headers that some gateway, framework or proxy believes; each value holds `smuggled`. */
const SMUGGLED = [
  'x-consumer-id',
  'x-consumer-username',
  'x-consumer-custom-id',
  'x-consumer-groups',
  'x-credential-identifier',
  'x-anonymous-consumer',
  'x-authenticated-userid',
  'x-authenticated-scope',
  'x-authenticated-groups',
  'x-kong-request-id',
  'x-kong-upstream-latency',
  'kong-debug',
  'x-client',
  'x-pistats-client',
  'pistats_client',
  'x-amzn-oidc-identity',
  'x-amz-function-error',
  'x-amz-log-type',
  'x-amz-invocation-type',
  'x-amz-client-context',
  'x-api-key-id',
  'x_api_key',
  'x_consumer_username',
  'x.consumer.username',
  'authorization',
  'proxy-authorization',
  'cookie',
  'x-http-method-override',
  'x-original-url',
  'x-rewrite-url',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-path',
  'x-forwarded-prefix',
  'forwarded',
  'via',
  'x-real-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'x-correlation-id',
  'x-request-id',
  'traceparent',
  'keep-alive',
  'te',
  'accept-encoding',
];

const ALLOWED = {
  origin: ORIGIN,
  referer: `${ORIGIN}/a`,
  'user-agent': 'UA/1',
  'idempotency-key': 'i-1',
  'x-device-token': 'd-1',
};

t.test(
  'whatever headers come: the identity is the key, and the function sees the allow-list only',
  async (t) => {
    node.cloud.forget();
    const smuggled = Object.fromEntries(SMUGGLED.map((name) => [name, `other-smuggled-${name}`]));
    const answer = await node.ask({ headers: { ...smuggled, ...ALLOWED, 'x-api-key': KEY }, body: BODY });
    t.equal(answer.status, 201);
    const [invocation] = node.cloud.invocations;
    const [event] = invocation?.events ?? [];
    t.same(Object.keys(event?.headers ?? {}).sort(), [...FORWARDED_HEADERS].sort());
    t.same(event?.requestContext.authorizer.lambda, { client: 'acme', kind: 'pk' });
    t.equal(event?.requestContext.requestId, answer.headers['x-kong-request-id']);
    t.notMatch(JSON.stringify(event), /smuggled/);
    t.match(JSON.stringify(records), /acme/);
    t.notMatch(Buffer.from(JSON.stringify(records)).toString(), /smuggled/);
  },
);

t.test('each alone, without a key: nobody', async (t) => {
  node.cloud.forget();
  for (const name of SMUGGLED) {
    const answer = await node.ask({ headers: { [name]: name.includes('key') ? KEY : 'acme' } });
    t.equal(answer.status, 401, name);
  }
  t.same(node.cloud.invocations, []);
});

t.test(
  'a header that Connection names as hop-by-hop is no way around the key or the device token',
  async (t) => {
    node.cloud.forget();
    const named = { connection: 'close, x-api-key, x-device-token, content-type' };
    const answer = await node.ask({ headers: { ...named, ...ALLOWED, 'x-api-key': KEY }, body: BODY });
    t.equal(answer.status, 201);
    const [event] = node.cloud.invocations[0]?.events ?? [];
    t.equal(event?.requestContext.authorizer.lambda.client, 'acme');
    t.equal(event?.headers['x-device-token'], 'd-1');
    t.equal((await node.ask({ headers: { ...named, ...ALLOWED }, body: BODY })).status, 401);
  },
);

t.test('the client of a query or a path is no client', async (t) => {
  node.cloud.forget();
  const path = '/v1/registrations?client=other&x-api-key=x&authorizer.lambda.client=other';
  t.equal((await node.ask({ path, headers: { 'x-api-key': KEY }, body: BODY })).status, 201);
  t.same(node.cloud.invocations[0]?.events[0]?.requestContext.authorizer.lambda, {
    client: 'acme',
    kind: 'pk',
  });
});
