import t from 'tap';
import { openClientRegistry } from '../../../infra/operate/client-registry.ts';
import { registryDatabase } from '../../support/registry-database.ts';

const database = await registryDatabase(t);
const registry = openClientRegistry(database.url);
const row = async (name: string) => (await database.rows('select * from client where name = $1', name))[0];

t.test('adding again completes: nothing that is there is taken away or reset', async (t) => {
  await registry.add({
    name: 'acme',
    properties: ['www'],
    firebaseProject: 'acme-push',
    identityVerification: 'required',
  });
  await registry.disable('acme');
  await registry.add({ name: 'acme', properties: ['app', 'www'] });
  t.same(await registry.list(), [
    {
      name: 'acme',
      status: 'active',
      properties: ['app', 'www'],
      firebaseProject: 'acme-push',
      identityVerification: 'required',
    },
  ]);
});

t.test('an identity secret is given to a client that is there, and to that one alone', async (t) => {
  await registry.add({ name: 'other', properties: ['www'] });
  t.equal(await registry.setIdentitySecret('acme', 'the first'), true);
  t.equal(await registry.setIdentitySecret('acme', 'the second'), true);
  t.equal((await row('acme')).identity_secret, 'the second');
  t.equal((await row('other')).identity_secret, null);
  t.equal(await registry.setIdentitySecret('nobody', 'x'), false);
});

t.test('what keeps the registry from answering is one sentence, without the URL', async (t) => {
  const at = (changes: Partial<URL>) =>
    openClientRegistry(Object.assign(new URL(database.url), changes).href);
  const reasons: [string, Partial<URL>][] = [
    ['the registry: the user or the password is wrong.', { password: 'not-this' }],
    ['the registry: the server has no database of that name.', { pathname: '/nowhere' }],
    ['the registry: nothing answers there (ECONNREFUSED).', { port: '1' }],
  ];
  for (const [message, changes] of reasons) await t.rejects(at(changes).list(), { message });
  const reader = openClientRegistry(database.writerUrl);
  await t.rejects(reader.disable('acme'), {
    message: 'the registry: this role may not do that: use the owner.',
    code: 'database_permission',
  });
});
