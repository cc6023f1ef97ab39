import t from 'tap';
import { localCounters, windowStart } from '../../../infra/local/gateway/rate-limit-counters.ts';
import { ask, askRaw, gatewayFor, service } from '../../support/gateway-fixture.ts';

const answered =
  '{name: request-termination, config: {status_code: 200, content_type: text/plain, body: "in"}}';

t.test('request-termination: a body of its own, a message, its default, a trigger', async (t) => {
  const { proxyPort } = await gatewayFor(
    t,
    service(`  routes:
  - name: term
    paths: ["/term"]
    plugins: [{name: request-termination, config: {content_type: application/problem+json, body: '{"title":"closed"}'}}]
  - {name: msg, paths: ["/msg"], plugins: [{name: request-termination, config: {message: closed}}]}
  - {name: bare, paths: ["/bare"], plugins: [{name: request-termination, config: {status_code: 204}}]}
  - name: trigger
    paths: ["/trigger"]
    plugins: [{name: request-termination, config: {trigger: x-closed}}]
  plugins: [{name: request-termination, config: {status_code: 404}}]`),
  );
  const term = await ask(proxyPort, '/term');
  t.same(
    [term.status, term.reason, term.body],
    [503, 'Service Temporarily Unavailable', '{"title":"closed"}'],
  );
  t.equal(term.headers['content-type'], 'application/problem+json');
  const message = await ask(proxyPort, '/msg');
  t.equal(message.body, '{"message":"closed"}');
  t.equal(message.headers['content-type'], 'application/json; charset=utf-8');
  const bare = await ask(proxyPort, '/bare');
  t.equal(bare.status, 204);
  t.equal(bare.headers['content-length'], undefined);
  const triggered = await ask(proxyPort, '/trigger', { headers: { 'x-closed': '1' } });
  t.equal(triggered.status, 503, "the route's configuration goes before the service's");
  const byQuery = await ask(proxyPort, '/trigger?x-closed=1');
  t.equal(byQuery.body, '{"message":"Service unavailable"}');
});

t.test('request-size-limiting: by Content-Length, by counting, and for who expects 100', async (t) => {
  const { proxyPort } = await gatewayFor(
    t,
    service(`  routes: [{name: r, paths: ["/"]}]
  plugins:
  - {name: request-size-limiting, config: {allowed_payload_size: 10, size_unit: bytes}}
  - ${answered}`),
  );
  const body = '12345678901234567890';
  const large = await ask(proxyPort, '/', { method: 'POST', body });
  t.same([large.status, large.reason], [413, 'Request Entity Too Large']);
  t.equal(
    large.body,
    `{\n  "message":"Request size limit exceeded",\n  "request_id":"${large.headers['x-kong-request-id']}"\n}`,
  );
  t.equal(large.headers['content-length'], '96');
  t.equal((await ask(proxyPort, '/', { method: 'POST', body, chunked: true })).status, 413);
  t.equal((await ask(proxyPort, '/', { method: 'POST', body: '1234567890' })).status, 200);
  t.equal((await ask(proxyPort, '/', { method: 'POST', body: '1234567890', chunked: true })).status, 200);
  const expecting = { expect: '100-continue' };
  t.equal((await ask(proxyPort, '/', { method: 'POST', body, headers: expecting })).status, 417);
});

t.test('a chunked body past the gateway own bound is 413 and never kept', async (t) => {
  const { proxyPort } = await gatewayFor(
    t,
    service(`  routes: [{name: r, paths: ["/"]}]
  plugins: [{name: request-size-limiting, config: {}}, ${answered}]`),
    { maxBodyBytes: 1000 },
  );
  const body = Buffer.alloc(100_000);
  t.equal((await ask(proxyPort, '/', { method: 'POST', body, chunked: true })).status, 413);
  const declared = await ask(proxyPort, '/', { method: 'POST', body });
  t.equal(declared.status, 413);
  t.match(declared.body, '"message":"Payload too large"', "nginx's own, before any plugin");
  t.equal(declared.headers.connection, 'close');
});

t.test('a body that was announced but never asked for ends the connection', async (t) => {
  const { proxyPort } = await gatewayFor(
    t,
    service(`  routes: [{name: r, paths: ["/"]}]\n  plugins: [${answered}]`),
  );
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 31\r\n\r\n';
  const text = await askRaw(proxyPort, `${head}GET /smuggled HTTP/1.1\r\nHost: a`);
  t.match(text, /^HTTP\/1\.1 200 OK\r\n/);
  t.match(text, /\r\nConnection: close\r\n/);
  t.equal(text.split('HTTP/1.1').length, 2, 'one answer');
});

t.test('correlation-id: made where there is none, kept where there is one', async (t) => {
  const { proxyPort } = await gatewayFor(
    t,
    service(`  routes:
  - name: uuid
    paths: ["/uuid"]
    plugins: [{name: correlation-id, config: {header_name: x-request-id, generator: uuid, echo_downstream: true}}]
  - name: counter
    paths: ["/counter"]
    plugins: [{name: correlation-id, config: {echo_downstream: true}}]
  - {name: silent, paths: ["/silent"], plugins: [{name: correlation-id, config: {}}]}
  plugins: [${answered}]`),
  );
  const made = (await ask(proxyPort, '/uuid')).headers['x-request-id'];
  t.match(made, /^[0-9a-f-]{36}$/);
  t.not((await ask(proxyPort, '/uuid')).headers['x-request-id'], made);
  t.equal(
    (await ask(proxyPort, '/uuid', { headers: { 'x-request-id': 'mine' } })).headers['x-request-id'],
    'mine',
  );
  t.match((await ask(proxyPort, '/counter')).headers['kong-request-id'], /^[0-9a-f-]{36}#\d+$/);
  t.equal((await ask(proxyPort, '/silent')).headers['kong-request-id'], undefined);
});

t.test('cors: one origin, as recorded', async (t) => {
  const { proxyPort } = await gatewayFor(
    t,
    service(`  routes: [{name: r, paths: ["/cors"]}]
  plugins:
  - {name: cors, config: {origins: ["https://www.example.com"], methods: [POST], headers: [content-type, x-api-key], credentials: false, max_age: 600}}
  - ${answered}`),
  );
  for (const origin of ['https://www.example.com', 'https://evil.example']) {
    const headers = { origin, 'access-control-request-method': 'POST' };
    const preflight = await ask(proxyPort, '/cors', { method: 'OPTIONS', headers });
    t.equal(preflight.status, 200);
    t.match(preflight.headers, {
      vary: 'Origin',
      'access-control-allow-origin': 'https://www.example.com',
      'access-control-allow-headers': 'content-type,x-api-key',
      'access-control-allow-methods': 'POST',
      'access-control-max-age': '600',
      'content-length': '0',
    });
    t.equal(preflight.headers['content-type'], undefined);
    const real = await ask(proxyPort, '/cors', { method: 'POST', body: 'x', headers: { origin } });
    t.equal(real.body, 'in');
    t.match(real.headers, { vary: 'Origin', 'access-control-allow-origin': 'https://www.example.com' });
    t.equal(real.headers['access-control-allow-methods'], undefined);
  }
  const plain = await ask(proxyPort, '/cors', { method: 'OPTIONS' });
  t.equal(plain.body, 'in', 'OPTIONS without its headers is no preflight');
  t.equal(plain.headers['access-control-allow-origin'], 'https://www.example.com');
});

t.test('cors: every origin, a list with a regex, credentials', async (t) => {
  const { proxyPort } = await gatewayFor(
    t,
    service(`  routes:
  - name: all
    paths: ["/all"]
    plugins: [{name: cors, config: {origins: ["*"], exposed_headers: [retry-after]}}]
  - name: list
    paths: ["/list"]
    plugins: [{name: cors, config: {origins: ["https://a.example:443", ".*\\\\.b\\\\.example"]}}]
  - name: credentials
    paths: ["/credentials"]
    plugins: [{name: cors, config: {origins: ["*"], credentials: true}}]
  plugins: [${answered}]`),
  );
  const all = await ask(proxyPort, '/all', { headers: { origin: 'https://x.example' } });
  t.equal(all.headers['access-control-allow-origin'], '*');
  t.equal(all.headers['access-control-expose-headers'], 'retry-after');
  t.equal(all.headers.vary, undefined);
  const asks = { origin: 'https://x.example', 'access-control-request-method': 'POST' };
  const preflight = await ask(proxyPort, '/all', {
    method: 'OPTIONS',
    headers: { ...asks, 'access-control-request-headers': 'x-a' },
  });
  t.equal(
    preflight.headers['access-control-allow-headers'],
    'x-a',
    'what was asked for, where no list is set',
  );
  const allowed = async (path: string, origin: string) =>
    (await ask(proxyPort, path, { headers: { origin } })).headers['access-control-allow-origin'];
  t.equal(await allowed('/list', 'https://a.example'), 'https://a.example');
  t.equal(await allowed('/list', 'https://www.b.example'), 'https://www.b.example');
  t.equal(await allowed('/list', 'https://www.b.example.evil'), undefined);
  t.equal(await allowed('/list', 'http://a.example'), undefined);
  const own = await ask(proxyPort, '/credentials', { headers: { origin: 'https://x.example' } });
  t.match(own.headers, {
    'access-control-allow-origin': 'https://x.example',
    'access-control-allow-credentials': 'true',
  });
});

t.test('rate-limiting: the headers and the 429 of Kong, per address', async (t) => {
  const { proxyPort } = await gatewayFor(
    t,
    service(`  routes: [{name: r, paths: ["/"]}]
  plugins: [{name: rate-limiting, config: {year: 3, policy: local, limit_by: ip}}, ${answered}]`),
  );
  for (const remaining of ['2', '1', '0']) {
    const { status, headers } = await ask(proxyPort, '/');
    t.equal(status, 200);
    t.match(headers, {
      'x-ratelimit-limit-year': '3',
      'x-ratelimit-remaining-year': remaining,
      'ratelimit-limit': '3',
      'ratelimit-remaining': remaining,
      'ratelimit-reset': /^\d+$/,
    });
  }
  const refused = await ask(proxyPort, '/');
  t.same([refused.status, refused.reason], [429, 'Too Many Requests']);
  t.equal(refused.headers['retry-after'], refused.headers['ratelimit-reset']);
  t.equal(refused.headers['x-ratelimit-remaining-year'], '0');
  t.equal(refused.headers['content-length'], '92');
  t.match(refused.body, '"message":"API rate limit exceeded"');
});

t.test('rate-limiting: a Redis that is away lets requests pass, or not, as configured', async (t) => {
  const redis = 'policy: redis, redis: {host: 127.0.0.1, port: 1, timeout: 500}';
  const { proxyPort, logs } = await gatewayFor(
    t,
    service(`  routes:
  - {name: open, paths: ["/open"], plugins: [{name: rate-limiting, config: {hour: 1, ${redis}}}]}
  - {name: closed, paths: ["/closed"], plugins: [{name: rate-limiting, config: {hour: 1, fault_tolerant: false, ${redis}}}]}
  plugins: [${answered}]`),
  );
  t.equal((await ask(proxyPort, '/open')).status, 200);
  t.equal((await ask(proxyPort, '/open')).status, 200);
  t.equal((await ask(proxyPort, '/closed')).status, 500);
  t.match(logs.join(), 'failed to get usage');
});

t.test('the windows are fixed and a new one starts from nothing', async (t) => {
  const time = Date.UTC(2026, 1, 3, 4, 5, 6, 789);
  t.equal(windowStart('second', time), Date.UTC(2026, 1, 3, 4, 5, 6));
  t.equal(windowStart('minute', time), Date.UTC(2026, 1, 3, 4, 5));
  t.equal(windowStart('hour', time), Date.UTC(2026, 1, 3, 4));
  t.equal(windowStart('day', time), Date.UTC(2026, 1, 3));
  t.equal(windowStart('month', time), Date.UTC(2026, 1, 1));
  t.equal(windowStart('year', time), Date.UTC(2026, 0, 1));
  let now = time;
  const counters = localCounters(() => now);
  t.equal(await counters.count('a', 'second'), 0);
  t.equal(await counters.count('a', 'second'), 1);
  t.equal(await counters.count('b', 'second'), 0);
  now += 1000;
  t.equal(await counters.count('a', 'second'), 0);
});

t.test('prometheus: the families of Kong on the status listener', async (t) => {
  const gateway = await gatewayFor(
    t,
    `plugins: [{name: prometheus, config: {status_code_metrics: true, latency_metrics: true, bandwidth_metrics: true}}]
${service(`  routes: [{name: r, paths: ["/"]}]
  plugins: [${answered}]`)}`,
    { statusPort: 0 },
  );
  await ask(gateway.proxyPort, '/', { method: 'POST', body: '12345' });
  const status = gateway.statusPort as number;
  const { body } = await ask(status, '/metrics');
  t.match(body, 'kong_http_requests_total{service="s",route="r",code="200",source="kong",consumer=""} 1');
  t.match(body, 'kong_bandwidth_bytes{service="s",route="r",direction="ingress"} 5');
  t.match(body, /kong_request_latency_ms_count\{service="s",route="r"\} 1/);
  t.match(body, 'kong_nginx_requests_total 1');
  t.same(JSON.parse((await ask(status, '/status/ready')).body), { message: 'ready' });
  t.match(JSON.parse((await ask(status, '/status')).body), { server: { total_requests: 1 } });
  t.equal((await ask(status, '/nosuch')).status, 404);
  t.equal((await ask(status, '/status', { method: 'POST' })).status, 405);
});
