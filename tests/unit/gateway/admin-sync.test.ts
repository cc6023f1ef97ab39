import { readFileSync, statSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { createEntityStore } from '../../../infra/local/gateway/admin/entity-store.ts';
import { createStateFile } from '../../../infra/local/gateway/admin/state-file.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { syncedGateway, uuid } from '../../support/admin-fixture.ts';
import { ask } from '../../support/gateway-fixture.ts';

const terminate = (message: string) => ({
  name: 'request-termination',
  config: { status_code: 200, message },
});

t.test('what is synced is served, follows a change, and is there after a restart', async (t) => {
  const { gateway, call, stateFile } = await syncedGateway(t);
  t.equal((await ask(gateway.proxyPort, '/x')).status, 404);
  await call('PUT', `/services/${uuid(1)}`, { name: 's', host: 's.invalid' });
  await call('PUT', `/routes/${uuid(2)}`, { name: 'r', paths: ['/x'], service: { id: uuid(1) } });
  await call('PUT', `/plugins/${uuid(3)}`, { ...terminate('one'), route: { id: uuid(2) } });
  const answers = (message: string) =>
    waitUntil(
      `the proxy answers ${message}`,
      async () => (await ask(gateway.proxyPort, '/x')).body.includes(`"${message}"`),
      { timeoutMs: 2_000, everyMs: 10 },
    );
  await answers('one');
  await call('PATCH', `/plugins/${uuid(3)}`, { config: { message: 'two' } });
  await answers('two');
  await gateway.close();

  const again = await syncedGateway(t, { stateFile });
  t.match((await ask(again.gateway.proxyPort, '/x')).body, /"two"/);
  t.equal(statSync(stateFile).mode & 0o077, 0, 'no one else may read it');
});

t.test('a folder that is empty starts from the decK file, and goes its own way from then on', async (t) => {
  const dir = t.testdir({ 'deck.yaml': '_format_version: "3.0"\nconsumers: [{username: first}]' });
  const options = { declarative: `${dir}/deck.yaml`, stateFile: `${dir}/data/entities.json` };
  const { call, gateway } = await syncedGateway(t, options);
  t.match(await call('GET', '/consumers/first'), { status: 200 });
  await call('POST', '/consumers', { username: 'second' });
  await call('DELETE', '/consumers/first');
  await gateway.close();
  const again = await syncedGateway(t, options);
  const { body } = await again.call('GET', '/consumers');
  t.same(
    body.data.map(({ username }: { username: string }) => username),
    ['second'],
  );
});

t.test('the state file is whole at any moment, however many write', async (t) => {
  const path = `${t.testdir({})}/entities.json`;
  const store = createEntityStore({ services: [], routes: [], consumers: [], plugins: [] });
  const file = createStateFile(path, () => store.all());
  t.equal(file.load(), undefined);
  let reading = true;
  let read = 0;
  const reader = (async () => {
    while (reading) {
      const saved = createStateFile(path, () => store.all()).load();
      if (saved) read = Math.max(read, saved.consumers.length);
      await new Promise(setImmediate);
    }
  })();
  await Promise.all(
    Array.from({ length: 200 }, async (_, n) => {
      store.put('consumers', uuid(n), { username: `c${n}` });
      await file.save();
      t.ok(
        file.load()?.consumers.some(({ username }) => username === `c${n}`),
        'once saved it is on disk',
      );
    }),
  );
  reading = false;
  await reader;
  t.equal(file.load()?.consumers.length, 200);
  t.ok(read > 0);
});

t.test('a state file of another version, or none at all, is not overwritten', async (t) => {
  const path = `${t.testdir({})}/entities.json`;
  for (const text of ['{"version":2,"entities":{}}', 'not json']) {
    writeFileSync(path, text);
    await t.rejects(syncedGateway(t, { stateFile: path }));
    t.equal(readFileSync(path, 'utf8'), text);
  }
});

t.test('a write that can not be saved is answered 500, and logged', async (t) => {
  const dir = t.testdir({});
  writeFileSync(`${dir}/data`, 'a file where the folder should be');
  const { call, gateway } = await syncedGateway(t, { stateFile: `${dir}/data/entities.json` });
  t.match(await call('POST', '/consumers', { username: 'a' }), {
    status: 500,
    body: { message: 'An unexpected error occurred' },
  });
  t.match(gateway.logs.join('\n'), /EEXIST|ENOTDIR/);
});
