import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { keyDigest, parseKeyTag } from '../../../contracts/api-key.ts';
import { consumerId } from '../../../contracts/consumer-id.ts';
import { MAX_BODY_BYTES, MAX_EVENTS_BODY_BYTES } from '../../../contracts/http.ts';
import { PROBLEM_TYPE, problem } from '../../../contracts/problem.ts';
import { EXAMPLE_CLIENTS } from '../../../infra/local/example-clients.ts';
import { schema as clientAuth } from '../../../plugins/client-auth/schema.ts';
import { schema as kinesisForward } from '../../../plugins/kinesis-forward/schema.ts';
import { schema as lambdaInvoke } from '../../../plugins/lambda-invoke/schema.ts';
import { type FakeEvent, startFakePluginServer } from '../../support/fake-plugin-server.ts';
import { ask, dump, gatewayFor } from '../../support/gateway-fixture.ts';

interface DeckPlugin {
  name: string;
  protocols?: string[];
  config: Record<string, unknown>;
}
interface DeckRoute {
  name: string;
  methods?: string[];
  strip_path?: boolean;
  protocols: string[];
  plugins?: DeckPlugin[];
}
interface Deck {
  plugins: DeckPlugin[];
  services: { name: string; url: string; plugins: DeckPlugin[]; routes: DeckRoute[] }[];
  consumers: { username: string; id: string; tags: string[] }[];
}

const text = readFileSync('deck.yaml', 'utf8');
const env = { DECK_REDIS_HOST: '127.0.0.1', DECK_REDIS_PORT: '1' };
const deck = parse(text) as Deck;
const everyPlugin = [
  ...deck.plugins,
  ...deck.services.flatMap(({ plugins, routes }) => [
    ...plugins,
    ...routes.flatMap((route) => route.plugins ?? []),
  ]),
];

t.test('every service has a backstop with our body, and the catch-all answers 404', async (t) => {
  for (const { name, plugins } of deck.services) {
    const backstop = plugins.find((plugin) => plugin.name === 'request-termination')?.config;
    const code = name === 'unknown' ? 'route_unknown' : 'unavailable';
    t.same(
      backstop,
      { status_code: problem(code).status, content_type: PROBLEM_TYPE, body: JSON.stringify(problem(code)) },
      name,
    );
  }
});

t.test('every plugin names its protocols, or decK would never come to rest', async (t) => {
  for (const { name, protocols } of everyPlugin) t.same(protocols, ['grpc', 'grpcs', 'http', 'https'], name);
});

t.test('limits are those of the contracts', async (t) => {
  const limit = (plugins: DeckPlugin[]) => {
    const { config } = plugins.find(({ name }) => name === 'request-size-limiting') as DeckPlugin;
    t.equal(config.size_unit, 'kilobytes');
    return (config.allowed_payload_size as number) * 1024;
  };
  t.equal(limit(deck.plugins), MAX_BODY_BYTES);
  t.equal(limit(deck.services.find(({ name }) => name === 'events')?.plugins ?? []), MAX_EVENTS_BODY_BYTES);
});

t.test(
  'every route but the catch-all is behind client-auth, and sk routes behind rate-limiting',
  async (t) => {
    for (const { name, plugins, routes } of deck.services.filter((service) => service.name !== 'unknown')) {
      const auth = plugins.find((plugin) => plugin.name === 'client-auth');
      t.ok(auth, name);
      if (auth?.config.kind === 'sk')
        t.match(plugins.find((plugin) => plugin.name === 'rate-limiting')?.config, {
          policy: 'redis',
          limit_by: 'consumer',
          fault_tolerant: true,
        });
      for (const route of routes) {
        t.equal(route.strip_path, false, route.name);
        t.same(route.protocols, ['http', 'https'], route.name);
        t.ok(route.methods?.length && !route.methods.includes('OPTIONS'), route.name);
      }
    }
  },
);

t.test('the example clients are there, and nothing of their keys but digests', async (t) => {
  for (const { name, pk, sk } of EXAMPLE_CLIENTS) {
    const consumer = deck.consumers.find(({ username }) => username === name);
    t.equal(consumer?.id, consumerId(name));
    const keys = (consumer?.tags ?? []).map(parseKeyTag).filter((tag) => tag !== null);
    t.same(
      keys.map(({ kind, digest, expires }) => [kind, digest, expires]),
      [
        ['pk', keyDigest(pk), null],
        ['sk', keyDigest(sk), null],
      ],
    );
    t.ok(consumer?.tags.some((tag) => tag.startsWith('origin:')));
    for (const key of [pk, sk]) t.notOk(text.includes(key) || text.includes(key.split('_')[2] as string));
  }
  t.notMatch(text, /[ps]k_[a-z0-9-]+_[A-Za-z0-9_-]{20,}/, 'no raw key');
});

t.test('only what differs between places comes from the environment', async (t) => {
  const names = [...text.matchAll(/\$\{\{\s*env "([^"]+)"/g)].map((match) => match[1]);
  t.same([...new Set(names)].sort(), [
    ...['DECK_REDIS_HOST', 'DECK_REDIS_PASSWORD', 'DECK_REDIS_PORT', 'DECK_REDIS_SSL', 'DECK_REDIS_USERNAME'],
  ]);
});

const DUMPS = [
  dump('client-auth', 1250, clientAuth),
  dump('lambda-invoke', 750, lambdaInvoke),
  dump('kinesis-forward', 740, kinesisForward),
];

t.test('through the embedded gateway', async (t) => {
  const seen: string[] = [];
  const note = (plugin: string, field: string) => (event: FakeEvent) => {
    seen.push(`${plugin} ${event.config[field]}`);
    return undefined;
  };
  const server = await startFakePluginServer({
    'client-auth': note('client-auth', 'kind'),
    'lambda-invoke': note('lambda-invoke', 'path'),
    'kinesis-forward': note('kinesis-forward', 'mode'),
  });
  t.teardown(() => server.close());
  const { proxyPort } = await gatewayFor(t, '', {
    declarative: 'deck.yaml',
    env,
    socketPath: server.path,
    dumps: DUMPS,
  });
  const id = '0190a0a0-0000-7000-8000-000000000000';
  const table: [method: string, path: string, plugins: string[]][] = [
    [
      'POST',
      '/v1/registrations',
      ['client-auth pk', 'lambda-invoke /v1/registrations', 'kinesis-forward response'],
    ],
    [
      'DELETE',
      `/v1/registrations/${id}`,
      ['client-auth pk', 'lambda-invoke /v1/registrations/{id}', 'kinesis-forward response'],
    ],
    [
      'POST',
      '/v1/subscriptions',
      ['client-auth pk', 'lambda-invoke /v1/subscriptions', 'kinesis-forward response'],
    ],
    [
      'DELETE',
      '/v1/subscriptions',
      ['client-auth pk', 'lambda-invoke /v1/subscriptions', 'kinesis-forward response'],
    ],
    ['POST', '/v1/events', ['client-auth pk', 'kinesis-forward events']],
    ['POST', '/v1/campaigns', ['client-auth sk']],
    ['GET', `/v1/campaigns/${id}`, ['client-auth sk']],
    ['POST', `/v1/campaigns/${id}/cancel`, ['client-auth sk']],
    ['POST', '/v1/query', ['client-auth sk']],
    ['GET', '/v1/users/u%201', ['client-auth sk']],
    ['DELETE', '/v1/users/u1', ['client-auth sk']],
  ];
  for (const [method, path, plugins] of table) {
    seen.length = 0;
    const answer = await ask(proxyPort, path, { method });
    t.same(seen, plugins, `${method} ${path}`);
    t.same([answer.status, answer.body], [503, JSON.stringify(problem('unavailable'))]);
    t.equal(answer.headers['content-type'], PROBLEM_TYPE);
    t.match(answer.headers['x-correlation-id'], /^[0-9a-f-]{36}$/);
  }
  seen.length = 0;
  for (const [method, path] of [
    ['GET', '/'],
    ['GET', '/v1/registrations'],
    ['POST', '/v1/registrationsx'],
    ['POST', '/v1/registrations/'],
    ['POST', '/x/v1/registrations'],
    ['DELETE', '/v1/registrations/7'],
    ['OPTIONS', '/v1/registrations'],
    ['PUT', '/v1/events'],
  ] as const) {
    const answer = await ask(proxyPort, path, { method });
    t.same(
      [answer.status, answer.body],
      [404, JSON.stringify(problem('route_unknown'))],
      `${method} ${path}`,
    );
    t.equal(answer.headers['content-type'], PROBLEM_TYPE);
  }
  const preflight = await ask(proxyPort, '/v1/registrations', {
    method: 'OPTIONS',
    headers: { origin: 'https://www.demo-news.example', 'access-control-request-method': 'POST' },
  });
  t.equal(preflight.status, 200);
  t.match(preflight.headers, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': /POST/,
    'access-control-allow-headers': /x-api-key.*idempotency-key.*x-device-token/,
  });
  t.equal(preflight.headers['access-control-allow-credentials'], undefined);
  t.same(seen, [], 'no plugin of ours took part');
  const post = { method: 'POST', headers: { origin: 'https://www.demo-news.example' } };
  t.match((await ask(proxyPort, '/v1/events', post)).headers, {
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'date,retry-after,x-correlation-id,x-kong-request-id',
  });

  const body = Buffer.alloc(MAX_BODY_BYTES + 1);
  t.equal((await ask(proxyPort, '/v1/registrations', { method: 'POST', body })).status, 413);
  t.equal((await ask(proxyPort, '/v1/events', { method: 'POST', body })).status, 503);
  const large = Buffer.alloc(MAX_EVENTS_BODY_BYTES + 1);
  t.equal((await ask(proxyPort, '/v1/events', { method: 'POST', body: large })).status, 413);
});
