import t, { type Test } from 'tap';
import { consumerId } from '../../../contracts/consumer-id.ts';
import { StopError } from '../../../infra/local/stop-error.ts';
import type { ClientRegistry, RegisteredClient } from '../../../infra/operate/client-registry.ts';
import { clientsProgram } from '../../../infra/operate/clients.ts';
import { runProgram } from '../../../infra/operate/run-program.ts';
import { changedLines, DECK, deckFixture } from '../../support/deck-fixture.ts';
import { recordedOutput } from '../../support/recorded-output.ts';

/** A registry in memory, as the adapter behaves: adding adds properties, and every call may be repeated. */
function memoryRegistry(): ClientRegistry & {
  clients: Map<string, RegisteredClient>;
  secrets: Map<string, string>;
  down: boolean;
} {
  const clients = new Map<string, RegisteredClient>();
  const registry = {
    clients,
    down: false,
    check() {
      if (registry.down) throw new StopError('the registry failed: connection refused.');
    },
    async add({
      name,
      properties,
      firebaseProject,
      identityVerification,
    }: Parameters<ClientRegistry['add']>[0]) {
      registry.check();
      const known = clients.get(name);
      clients.set(name, {
        name,
        status: 'active',
        properties: [...new Set([...(known?.properties ?? []), ...properties])],
        firebaseProject: firebaseProject ?? known?.firebaseProject ?? null,
        identityVerification: identityVerification ?? known?.identityVerification ?? 'off',
      });
    },
    async disable(name: string) {
      registry.check();
      const known = clients.get(name);
      if (known) known.status = 'disabled';
    },
    async enable(name: string) {
      registry.check();
      const client = clients.get(name);
      if (client) client.status = 'active';
      return client !== undefined;
    },
    secrets: new Map<string, string>(),
    async setIdentitySecret(name: string, secret: string) {
      registry.check();
      if (!clients.has(name)) return false;
      registry.secrets.set(name, secret);
      return true;
    },
    async list() {
      registry.check();
      return [...clients.values()];
    },
  };
  return registry;
}

async function clients(path: string, registry: ClientRegistry, ...args: string[]) {
  const output = recordedOutput();
  const program = clientsProgram(output, () => registry);
  const code = await runProgram(program, [...args, '--deck', path], output);
  return { code, ...output };
}

const ADD = ['add', 'new-tv', '--property', 'www', '--property', 'app', '--firebase-project', 'new-tv-push'];

t.test('add: the consumer in deck.yaml, the client and its properties in the registry', async (t) => {
  const { path, read } = deckFixture(t.testdir({}));
  const registry = memoryRegistry();
  const { code } = await clients(
    path,
    registry,
    ...ADD,
    '--origin',
    'https://WWW.new.tv',
    '--origin',
    '*.new.tv',
  );
  t.equal(code, 0);
  t.same(changedLines(DECK, read()), {
    added: [
      '  - username: new-tv',
      `    id: ${consumerId('new-tv')}`,
      '      - origin:www.new.tv',
      '      - origin:*.new.tv',
    ],
    removed: [],
  });
  t.match(registry.clients.get('new-tv'), { properties: ['www', 'app'], firebaseProject: 'new-tv-push' });
});

t.test('a crash between the two leaves nothing that could be used, and a repeat completes it', async (t) => {
  const { path, read } = deckFixture(t.testdir({}));
  const registry = memoryRegistry();
  registry.down = true;
  const { code, said } = await clients(path, registry, ...ADD);
  t.same({ code, deck: read() }, { code: 1, deck: DECK }, 'no consumer without its client');
  t.same(said, ['the registry failed: connection refused.']);
  registry.down = false;
  t.equal((await clients(path, registry, ...ADD)).code, 0);
  const complete = read();
  t.equal((await clients(path, registry, ...ADD)).code, 0, 'once more');
  t.equal(read(), complete);
  t.equal(registry.clients.size, 1);
});

t.test('disable closes the gateway first; a repeat completes it', async (t) => {
  const { path, read } = deckFixture(t.testdir({}));
  const registry = memoryRegistry();
  await clients(path, registry, 'add', 'acme', '--property', 'www');
  registry.down = true;
  t.equal((await clients(path, registry, 'disable', 'acme')).code, 1);
  t.match(changedLines(DECK, read()), { added: ['      - disabled'] });
  registry.down = false;
  t.equal((await clients(path, registry, 'disable', 'acme')).code, 0);
  t.equal(registry.clients.get('acme')?.status, 'disabled');
  t.equal(read().match(/- disabled/g)?.length, 1);
});

t.test('enable opens the registry first; what is unknown stays closed', async (t) => {
  const { path, read } = deckFixture(t.testdir({}));
  const registry = memoryRegistry();
  await clients(path, registry, 'add', 'acme', '--property', 'www');
  const before = read();
  await clients(path, registry, 'disable', 'acme');
  registry.down = true;
  t.equal((await clients(path, registry, 'enable', 'acme')).code, 1);
  t.match(read(), /- disabled/, 'the gateway refuses it still');
  registry.down = false;
  for (const again of [false, true])
    t.equal((await clients(path, registry, 'enable', 'acme')).code, 0, again ? 'once more' : '');
  t.equal(registry.clients.get('acme')?.status, 'active');
  t.equal(read(), before);
  t.match(await clients(path, registry, 'enable', 'gone'), {
    code: 2,
    said: [/no client gone.*\[unknown_client\]/],
  });
});

t.test('list shows every client that either side knows', async (t) => {
  const { path } = deckFixture(t.testdir({}));
  const registry = memoryRegistry();
  await clients(path, registry, 'add', 'acme', '--property', 'www');
  await registry.add({ name: 'half', properties: ['app'] });
  const { results } = await clients(path, registry, 'list', '--json');
  t.match(JSON.parse(results[0] as string), [
    { name: 'acme', gateway: 'active', registry: 'active', properties: ['www'], keys: 1 },
    { name: 'gone', gateway: 'disabled', registry: 'missing' },
    { name: 'half', gateway: 'missing', registry: 'active', properties: ['app'] },
  ]);
  t.match((await clients(path, registry, 'list')).results, [
    'acme\tactive\twww\t-\twww.acme.example\t1 keys',
    /^gone\tgateway disabled, registry missing/,
    /^half\tgateway missing, registry active/,
  ]);
});

async function refused(t: Test, args: string[], pattern: RegExp, text = DECK) {
  const { path, read } = deckFixture(t.testdir({}), text);
  const registry = memoryRegistry();
  const { code, said } = await clients(path, registry, ...args);
  t.same({ code, lines: said.length, deck: read() }, { code: 2, lines: 1, deck: text }, args.join(' '));
  t.match(said[0], pattern);
  t.equal(registry.clients.size, 0, 'the registry was not asked');
}

t.test('bad usage changes neither side', async (t) => {
  const www = ['--property', 'www'];
  await refused(t, ['add', 'New_TV', ...www], /"New_TV" is not a client name/);
  await refused(t, ['add', 'a'.repeat(41), ...www], /is not a client name/);
  await refused(t, ['add', 'new-tv'], /--property/);
  await refused(t, ['add', 'new-tv', '--property', 'WWW'], /"WWW" is not a property name/);
  await refused(t, ['add', 'new-tv', ...www, '--origin', 'a/b'], /"a\/b" is not an origin/);
  await refused(t, ['add', 'new-tv', ...www, '--firebase-project', 'x'], /"x" is not a Firebase project id/);
  await refused(
    t,
    ['add', 'new-tv', ...www, '--identity-verification', 'on'],
    /Allowed choices are off, required/,
  );
  await refused(t, ['add', 'gone', ...www], /gone is disabled/);
  await refused(t, ['add', 'new-tv', ...www], /not valid YAML/, 'consumers: [');
  await refused(t, ['disable', 'nobody'], /has no client nobody/);
});

t.test(
  'identity-secret: a new one each time, printed once on stdout and kept by the registry alone',
  async (t) => {
    const { path, read } = deckFixture(t.testdir({}));
    const registry = memoryRegistry();
    await clients(path, registry, ...ADD);
    const before = read();
    const renew = async (...args: string[]) => {
      const output = recordedOutput();
      const program = clientsProgram(output, () => registry);
      return { code: await runProgram(program, ['identity-secret', ...args], output), ...output };
    };

    const first = await renew('new-tv');
    t.equal(first.code, 0);
    t.match(first.results, [/^[\w-]{43}$/], '256 bits');
    t.equal(registry.secrets.get('new-tv'), first.results[0]);
    const second = await renew('new-tv');
    t.not(second.results[0], first.results[0]);
    t.equal(registry.secrets.get('new-tv'), second.results[0]);
    t.notOk(second.said.join('').includes(second.results[0] as string));
    t.equal(read(), before, 'deck.yaml is not touched');

    const unknown = await renew('nobody');
    t.equal(unknown.code, 2);
    t.match(unknown.said.join(''), /no client nobody/);
  },
);
