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
  const invoking = open.replace('{name: r,', `{name: r, plugins: [{name: lambda-invoke, ${ALL}}],`);
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
