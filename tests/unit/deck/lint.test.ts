import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { formatKeyTag, generateKey, keyDigest } from '../../../contracts/api-key.ts';
import { readDeckModel } from '../../../infra/deck/deck-model.ts';
import { lintDeck, RULE_NAMES } from '../../../infra/deck/lint-rules.ts';

const lint = (yaml: string) => lintDeck(readDeckModel(yaml, 'deck.yaml'));
const rules = (yaml: string) => [...new Set(lint(yaml).map(({ rule }) => rule))];

const key = generateKey('pk', 'acme');
const tag = formatKeyTag({ kind: 'pk', digest: keyDigest(key), expires: null });
const ID = 'id: cb136aab-520a-590a-b84d-638b865b60a1';
const ALL = 'protocols: [grpc, grpcs, http, https]';
const SOUND = `
plugins:
  - {name: request-size-limiting}
services:
  - name: s
    host: s.invalid
    plugins:
      - {name: client-auth, ${ALL}, config: {kind: pk}}
      - {name: request-termination, config: {status_code: 503}}
    routes:
      - {name: r, paths: [/r]}
consumers:
  - {username: acme, ${ID}, tags: ["${tag}", "origin:www.acme.example"]}
`;

t.test('our own deck.yaml keeps every rule, and so does a small sound one', async (t) => {
  t.same(lint(readFileSync(join(import.meta.dirname, '../../../deck.yaml'), 'utf8')), []);
  t.same(lint(SOUND), []);
});

/** What breaks a rule: the rule, what is replaced in the sound file, by what. */
const BROKEN: [rule: string, from: string, to: string, why: string][] = [
  ['service-backstop', '- {name: request-termination, config: {status_code: 503}}', '', 'none at all'],
  ['service-backstop', 'status_code: 503', 'status_code: 200', 'one that lets pass'],
  [
    'service-backstop',
    'name: request-termination,',
    'name: request-termination, enabled: false,',
    'disabled',
  ],
  ['service-host', 's.invalid', '169.254.169.254', 'an address'],
  ['service-host', 's.invalid', 's.invalid.example.com', 'another end'],
  ['service-host', 'host: s.invalid', 'url: "http://x@10.0.0.1#.invalid"', 'a url'],
  ['service-host', 'host: s.invalid', 'url: http://localhost:9999/s.invalid', 'its path'],
  ['route-auth', `- {name: client-auth, ${ALL}, config: {kind: pk}}`, '', 'no client-auth'],
  ['route-auth', 'name: client-auth,', 'name: client-auth, enabled: false,', 'disabled'],
  ['route-body-limit', '- {name: request-size-limiting}', '- {name: cors}', 'no limit'],
  ['plugin-protocols', ALL, 'protocols: [http, https]', 'some'],
  ['plugin-protocols', `${ALL}, `, '', 'none'],
  ['schema', 'kind: pk', 'kind: xx', 'a kind of key that there is not'],
  ['schema', 'kind: pk', 'kind: pk, cache_size: many', 'a text for a number'],
  ['schema', 'kind: pk', 'kind: pk, cache_ttl_ms: 60001', 'a number out of bounds'],
  ['schema', 'kind: pk', 'kind: pk, cash_size: 1', 'a field that is misspelt'],
  ['schema', 'config: {kind: pk}', 'config: {}', 'a field that is missing'],
  ['schema', 'kind: pk', 'kind: pk, key_in_body: "yes"', 'a text for a flag'],
  ['schema', 'status_code: 503', 'status_code: 600', 'no status'],
  [
    'schema',
    '- {name: request-size-limiting}',
    '- {name: request-size-limiting, config: {size_unit: kb}}',
    'a unit',
  ],
  [
    'schema',
    '- {name: request-size-limiting}',
    '- {name: request-size-limiting}\n  - {name: cors, config: {methods: [FETCH]}}',
    'a method',
  ],
  [
    'schema',
    '- {name: request-size-limiting}',
    '- {name: request-size-limiting}\n  - {name: correlation-id, config: {generator: random}}',
    'a generator',
  ],
  [
    'schema',
    '- {name: request-size-limiting}',
    '- {name: request-size-limiting}\n  - {name: rate-limiting, config: {minute: 1, policy: memcached}}',
    'a policy',
  ],
  [
    'schema',
    '- {name: request-size-limiting}',
    '- {name: request-size-limiting}\n  - {name: rate-limiting, config: {minute: 1, limit_by: user}}',
    'what it counts by',
  ],
  [
    'schema',
    '- {name: request-size-limiting}',
    '- {name: request-size-limiting}\n  - {name: rate-limiting, config: {minute: 1, policy: redis, redis: {port: 1}}}',
    'a Redis without host',
  ],
  ['schema', 'paths: [/r]', 'paths: [/r], protocols: [htttp]', 'a protocol of a route'],
  ['schema', 'paths: [/r]', 'paths: [/r], methods: [get]', 'a method in small letters'],
  ['schema', 'paths: [/r]', 'paths: [/r], path_handling: v3', 'how paths are handled'],
  ['schema', 'host: s.invalid', 'host: s.invalid\n    protocol: gopher', 'a protocol of a service'],
  ['consumer-id', `${ID}, `, '', 'none'],
  ['consumer-id', ID, 'id: acme', 'no UUID'],
  ['raw-key', '/r]', `/r, "/${key}"]`, 'in a path'],
  ['raw-key', 'services:', `# ${key.replace('pk_', 'sk_')}\nservices:`, 'in a comment'],
  ['key-tag', tag, 'key:pk:short:-', 'a digest of another length'],
  ['duplicate-digest', 'tags: [', `tags: ["${tag}", `, 'twice at one consumer'],
  ['pk-origins', ', "origin:www.acme.example"', '', 'a pk without origins'],
  ['sk-rate-limit', 'kind: pk', 'kind: sk', 'no rate-limiting'],
];

t.test('each rule finds what breaks it, and only that', async (t) => {
  for (const [rule, from, to, why] of BROKEN) {
    t.ok(SOUND.includes(from), from);
    t.same(rules(SOUND.replace(from, to)), [rule], `${rule}: ${why}`);
  }
  t.same([...new Set(BROKEN.map(([rule]) => rule))].sort(), [...RULE_NAMES].sort(), 'no rule without a case');
});

t.test('one digest under two consumers names both', async (t) => {
  const second = '  - {username: other, id: e921be8d-a90e-5cac-900f-da279368261b, tags: [';
  const [finding, ...rest] = lint(`${SOUND}${second}"${tag}", "origin:o.example"]}\n`);
  t.match(finding, { rule: 'duplicate-digest', message: /acme and other/ });
  t.same(rest, []);
});

t.test('what makes a rule content elsewhere in the file counts', async (t) => {
  const auth = `- {name: client-auth, ${ALL}, config: {kind: pk}}`;
  const elsewhere = SOUND.replace(`      ${auth}\n`, '');
  t.same(rules(elsewhere.replace('plugins:\n', `plugins:\n  ${auth}\n`)), [], 'a global plugin');
  const onRoute = elsewhere.replace('{name: r,', `{name: r, plugins: [${auth.slice(2)}],`);
  t.same(rules(onRoute), [], "the route's own");
  const byReference = elsewhere.replace(
    'plugins:\n',
    `plugins:\n  - {name: client-auth, service: s, ${ALL}, config: {kind: pk}}\n`,
  );
  t.same(rules(byReference), [], 'one that names its service');
  const moved = SOUND.replace(/ {4}routes:\n.*\n/, '').concat(
    'routes: [{name: r, paths: [/r], service: s}]\n',
  );
  t.same(rules(moved), [], 'a route that names its service');
  t.same(rules(moved.replace(', service: s', '')), ['route-auth'], 'a route of no service');
});

t.test('a catch-all that answers 404 needs no key; one that invokes does', async (t) => {
  const open = SOUND.replace(`- {name: client-auth, ${ALL}, config: {kind: pk}}`, '').replace('503', '404');
  t.same(rules(open), []);
  const invoking = open.replace(
    '{name: r,',
    `{name: r, plugins: [{name: lambda-invoke, ${ALL}, config: {function: f, path: /r}}],`,
  );
  t.same(rules(invoking), ['route-auth']);
});

t.test('a disabled client may be without origins; findings carry their line and no key', async (t) => {
  t.same(rules(SOUND.replace('"origin:www.acme.example"', 'disabled')), []);
  const [finding] = lint(SOUND.replace('services:', `# ${key}\nservices:`));
  t.equal(finding?.line, 4);
  t.notOk(JSON.stringify(finding).includes(key.slice(-20)));
});

t.test('templates stay as they stand, and a file that is no YAML says so', async (t) => {
  t.same(lint(`${SOUND}# \${{ env "DECK_X" }}\n`), []);
  t.throws(() => lint('a: [1'), /deck.yaml is not valid YAML/);
  t.throws(() => lint('just text'), /holds no mapping/);
});

t.test('what a schema refuses is told with its path and what it takes', async (t) => {
  const [finding] = lint(SOUND.replace('kind: pk', 'kind: xx'));
  t.match(finding, { rule: 'schema', message: 'plugin client-auth: config.kind: expected one of: pk, sk' });
  t.equal(SOUND.split('\n')[(finding?.line ?? 0) - 1]?.trim().slice(0, 20), '- {name: client-auth');
});

t.test(
  'what Kong knows and the embedded gateway does not is no finding, nor what the environment fills in',
  async (t) => {
    const with_ = (plugin: string) =>
      SOUND.replace('- {name: request-size-limiting}', `- {name: request-size-limiting}\n  - ${plugin}`);
    t.same(lint(with_('{name: http-log, config: {http_endpoint: "http://logs.invalid", method: WHAT}}')), []);
    t.same(lint(with_('{name: rate-limiting, config: {minute: 1, policy: cluster}}')), []);
    t.same(
      lint(with_(`{name: rate-limiting, config: {minute: 1, policy: '\${{ env "DECK_POLICY" }}'}}`)),
      [],
    );
    t.same(lint(SOUND.replace('paths: [/r]', 'paths: [/r], path_handling: v1, snis: [a.example]')), []);
  },
);
