import t from 'tap';
import { caller, syncedGateway, uuid } from '../../support/admin-fixture.ts';
import { dump, gatewayFor } from '../../support/gateway-fixture.ts';

const SERVICE = { name: 's', host: 's.invalid' };

t.test('GET / tells decK the version; what decK lists and OSS has none of is empty', async (t) => {
  const { call } = await syncedGateway(t);
  t.match(await call('GET', '/'), { status: 200, body: { version: /^3\.9\.\d+$/ } });
  for (const kind of ['upstreams', 'certificates', 'ca_certificates', 'snis', 'vaults', 'key-auths', 'acls'])
    t.same(await call('GET', `/${kind}?size=1000`), { status: 200, body: { data: [], next: null } }, kind);
  for (const kind of ['consumer_groups', 'partials', 'mtls-auths', 'ai-models', 'workspaces', 'nosuch'])
    t.match(await call('GET', `/${kind}`), { status: 404, body: { message: 'Not found' } }, kind);
  t.match(await call('PUT', `/upstreams/${uuid(1)}`, { name: 'u' }), { status: 405 });
  t.match(await call('DELETE', '/services'), { status: 405, body: { message: 'Method not allowed' } });
});

t.test('entities are made, read by id and name, changed and removed', async (t) => {
  const { call } = await syncedGateway(t);
  const made = await call('POST', '/services', SERVICE);
  t.match(made, { status: 201, body: { ...SERVICE, port: 80, retries: 5, path: null, enabled: true } });
  const { id, created_at } = made.body;
  t.same(await call('GET', '/services/s'), { status: 200, body: made.body });
  t.same(await call('GET', `/services/${id}`), { status: 200, body: made.body });

  const patched = await call('PATCH', '/services/s', { port: 81, tags: ['x'] });
  t.match(patched, { status: 200, body: { id, created_at, host: 's.invalid', port: 81, tags: ['x'] } });
  const replaced = await call('PUT', `/services/${id}`, { name: 's', host: 'other.invalid', tags: null });
  t.match(replaced, { status: 200, body: { id, created_at, host: 'other.invalid', port: 80, tags: null } });
  t.match(await call('PUT', '/services/by-name', { host: 'n.invalid' }), { body: { name: 'by-name' } });

  t.match(await call('POST', '/routes', { name: 'r', paths: ['/'], service: { name: 's' } }), {
    status: 201,
    body: { service: { id } },
  });
  t.match(await call('DELETE', '/services/s'), { status: 400, body: { code: 4 } }, 'a route refers to it');
  t.same(await call('DELETE', '/routes/r'), { status: 204, body: undefined });
  t.same(await call('DELETE', '/services/s'), { status: 204, body: undefined });
  t.match(await call('GET', '/services/s'), { status: 404 });
  t.match(await call('PATCH', '/services/s', { port: 1 }), { status: 404 });
});

t.test('plugins: config is checked, merged by PATCH, and goes with what it is bound to', async (t) => {
  const { call } = await syncedGateway(t);
  await call('PUT', `/services/${uuid(1)}`, SERVICE);
  const bound = { name: 'rate-limiting', service: { id: uuid(1) }, config: { minute: 5, redis_host: 'r' } };
  const made = await call('PUT', `/plugins/${uuid(2)}`, bound);
  t.match(made, {
    status: 200,
    body: { config: { minute: 5, redis: { host: 'r', port: 6379 }, redis_host: 'r', second: null } },
  });
  t.match(await call('PATCH', `/plugins/${uuid(2)}`, { config: { hour: 9 } }), {
    status: 200,
    body: { config: { minute: 5, hour: 9, redis: { host: 'r' } } },
  });
  t.match(await call('PUT', `/plugins/${uuid(3)}`, { ...bound, config: { minute: 'x', colour: 1 } }), {
    status: 400,
    body: {
      code: 2,
      fields: { config: { colour: 'unknown field', minute: 'expected a number' } },
      message: '2 schema violations (config.colour: unknown field; config.minute: expected a number)',
    },
  });
  t.match(await call('POST', '/plugins', bound), { status: 409, body: { code: 5 } });
  await call('PUT', `/consumers/${uuid(4)}`, { username: 'c' });
  t.match(await call('POST', '/plugins', { ...bound, consumer: { username: 'c' } }), { status: 201 });
  await call('DELETE', '/consumers/c');
  t.equal((await call('GET', '/plugins')).body.data.length, 1);
  await call('DELETE', '/services/s');
  t.equal((await call('GET', '/plugins')).body.data.length, 0);
});

t.test('lists come in pages, filtered by tags', async (t) => {
  const { call } = await syncedGateway(t);
  for (let n = 1; n <= 5; n++)
    await call('PUT', `/consumers/${uuid(n)}`, { username: `c${n}`, tags: ['all', n % 2 ? 'odd' : 'even'] });
  const names: string[] = [];
  let path: string | null = '/consumers?size=2&tags=all';
  let pages = 0;
  while (path !== null && pages < 10) {
    const { body } = await call('GET', path);
    names.push(...body.data.map(({ username }: { username: string }) => username));
    t.equal(body.next === null, body.offset === undefined);
    path = body.next;
    pages++;
  }
  t.same(names, ['c1', 'c2', 'c3', 'c4', 'c5']);
  t.equal(pages, 3);
  const count = async (tags: string) => (await call('GET', `/consumers?tags=${tags}`)).body.data?.length;
  t.equal(await count('all,odd'), 3, 'both');
  t.equal(await count('even/odd'), 5, 'either');
  t.equal(await count('none'), 0);
  t.match(await call('GET', '/consumers?tags=a,b/c'), { status: 400, body: { code: 11 } });
  for (const size of ['0', '1001', 'x', '1.5'])
    t.match(await call('GET', `/consumers?size=${size}`), { status: 400, body: { code: 9 } }, size);
});

t.test('constraints: what collides and what refers to nothing is refused', async (t) => {
  const { call } = await syncedGateway(t);
  await call('PUT', `/services/${uuid(1)}`, SERVICE);
  t.match(await call('PUT', `/services/${uuid(2)}`, SERVICE), {
    status: 409,
    body: { message: `UNIQUE violation detected on '{name="s"}'` },
  });
  t.match(await call('PUT', `/services/${uuid(1)}`, { ...SERVICE, name: 'new' }), { status: 200 });
  t.match(await call('PUT', `/services/${uuid(2)}`, SERVICE), { status: 200 }, 'the old name is free again');
  t.match(await call('POST', '/consumers', {}), {
    status: 400,
    body: { fields: { '@entity': ['at least one of these fields must be non-empty: custom_id, username'] } },
  });
  t.match(await call('POST', '/consumers', { username: 'a', tags: ['a,b'] }), { status: 400 });
  t.match(await call('POST', '/routes', { paths: ['x'] }), {
    status: 400,
    body: { message: 'schema violation (paths[1]: should start with: / (fixed path) or ~/ (regex path))' },
  });
  t.match(await call('POST', '/services', { name: 'tls', host: 'h', protocol: 'https' }), {
    status: 400,
    body: { message: /'https' is not supported by the embedded gateway/ },
  });
});

t.test('bodies: JSON objects only', async (t) => {
  const { gateway } = await syncedGateway(t);
  const post = async (body: string, type = 'application/json') =>
    fetch(`http://127.0.0.1:${gateway.adminPort}/services`, {
      method: 'POST',
      body,
      headers: { 'content-type': type },
    });
  for (const body of ['{', '[]', '"x"', 'null']) t.equal((await post(body)).status, 400, body);
  t.equal((await post('name=s', 'application/x-www-form-urlencoded')).status, 415);
  t.equal((await post(JSON.stringify({ name: 'x'.repeat(11 * 1024 * 1024) }))).status, 413);
});

t.test('from deck.yaml alone it shows everything and takes nothing', async (t) => {
  const yaml = `services: [{name: s, url: "http://s.invalid", routes: [{name: r, paths: ["/x"]}]}]
consumers: [{username: c, tags: [x]}]
plugins: [{name: cors, enabled: false}]`;
  const gateway = await gatewayFor(t, yaml, { adminPort: 0 });
  const call = caller(gateway.adminPort as number);
  t.match(await call('GET', '/services/s'), { status: 200, body: { name: 's', host: 's.invalid' } });
  const { body: service } = await call('GET', '/services/s');
  t.match(await call('GET', '/routes/r'), { body: { service: { id: service.id } } });
  t.match(await call('GET', '/plugins'), { body: { data: [{ name: 'cors', enabled: false, route: null }] } });
  for (const [method, path] of [
    ['PUT', `/consumers/${uuid(1)}`],
    ['POST', '/consumers'],
    ['PATCH', '/consumers/c'],
    ['DELETE', '/consumers/c'],
  ] as const)
    t.match(await call(method, path, method === 'DELETE' ? undefined : { username: 'd' }), {
      status: 405,
      body: { code: 12, message: "cannot create or update 'consumers' entities when not using a database" },
    });
  gateway.write('consumers: [{username: other}]');
  await gateway.reload();
  t.match(await call('GET', '/consumers/other'), { status: 200 }, 'it follows a reload');
});

t.test('the schema a custom plugin declared is what decK is shown', async (t) => {
  const kind = { kind: { type: 'string', required: true, one_of: ['pk', 'sk'] } };
  const { call } = await syncedGateway(t, {
    dumps: [dump('custom', 5, [kind])],
    socketPath: '/nowhere.sock',
  });
  t.match(await call('GET', '/schemas/plugins/custom'), {
    status: 200,
    body: { fields: [{ config: { type: 'record', fields: [kind] } }] },
  });
  t.match(await call('GET', '/schemas/plugins/nosuch'), {
    status: 404,
    body: { message: "No plugin named 'nosuch'" },
  });
  t.match(await call('POST', '/schemas/plugins/validate', { name: 'custom', config: { kind: 'x' } }), {
    status: 400,
    body: { message: 'schema violation (config.kind: expected one of: pk, sk)' },
  });
  t.match(await call('POST', '/schemas/plugins/validate', { name: 'custom', config: { kind: 'pk' } }), {
    status: 200,
  });
});
