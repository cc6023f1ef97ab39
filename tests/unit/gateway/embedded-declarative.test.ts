import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { cors } from '../../../infra/local/gateway/cors.ts';
import { parseDeclarative } from '../../../infra/local/gateway/declarative.ts';
import { substituteEnv } from '../../../infra/local/gateway/env-template.ts';
import type { Plugin } from '../../../infra/local/gateway/plugin.ts';
import { rateLimiting } from '../../../infra/local/gateway/rate-limiting.ts';
import { requestTermination } from '../../../infra/local/gateway/request-termination.ts';
import { readDumps } from '../../../infra/local/gateway/schema-dumps.ts';
import { dump } from '../../support/gateway-fixture.ts';

const custom: Plugin = {
  name: 'custom',
  priority: 1,
  schema: {
    fields: [
      { kind: { type: 'string', required: true, one_of: ['pk', 'sk'] } },
      { size: { type: 'integer', default: 5, between: [1, 10] } },
      { nested: { type: 'record', fields: [{ deep: { type: 'boolean', default: true } }] } },
      { names: { type: 'array', elements: { type: 'string' } } },
    ],
  },
};
const bundled = [cors, rateLimiting(() => {}), requestTermination, custom];
const plugins = new Map(bundled.map((plugin) => [plugin.name, plugin]));
const parse = (yaml: string) => parseDeclarative(`_format_version: "3.0"\n${yaml}`, {}, plugins);
const oneRoute = (route: string) =>
  `services: [{name: s, url: "http://s.invalid", routes: [{name: r, ${route}}]}]`;
const onePlugin = (name: string, config: string) => `plugins: [{name: ${name}, config: {${config}}}]`;

t.test('what Kong 3.9 would refuse, or this gateway can not honour, is refused by name', async (t) => {
  const table: [yaml: string, message: string | RegExp][] = [
    ['upstreams: {a: 1}', 'file: upstreams: is not supported'],
    ['consumer_groups: []', 'file: consumer_groups: unknown field'],
    ['services: [{url: "http://a.invalid"}]', 'service #1: name: required field missing'],
    ['services: [{name: s}]', 'service s: host: required field missing'],
    ['services: [{name: "a b", host: h}]', "service a b: name: invalid value 'a b'"],
    [
      'services: [{name: s, url: "https://a.invalid"}]',
      "service s: url: 'https://a.invalid' is not an http URL",
    ],
    ['services: [{name: s, host: h, colour: red}]', 'service s: colour: unknown field'],
    ['services: [{name: s, host: h, port: 70000}]', 'port: value should be between 0 and 65535'],
    ['services: [{name: s, host: h, protocol: grpc}]', "protocol: 'grpc' is not supported"],
    ['services: [{name: s, host: h}, {name: s, host: h}]', "service s: name: 's' is declared twice"],
    [oneRoute('strip_path: false'), "must set one of 'methods', 'hosts', 'headers', 'paths'"],
    [oneRoute('paths: [x]'), 'paths[1]: should start with: / (fixed path) or ~/ (regex path)'],
    [oneRoute('paths: ["/a//b"]'), 'paths[1]: must not have empty segments'],
    [oneRoute('paths: ["~/("]'), "paths[1]: '~/(' is not a valid regex"],
    [oneRoute('paths: ["~/(?=a)"]'), 'look-around and back references are not supported'],
    [oneRoute('methods: [get]'), 'methods[1]: invalid value: get'],
    [oneRoute('hosts: ["a.*.b"]'), 'hosts[1]: invalid wildcard: must be placed at leftmost or rightmost'],
    [oneRoute('paths: ["/"], snis: [a]'), 'route r: snis: is not supported by the embedded gateway'],
    [oneRoute('paths: ["/"], path_handling: v1'), "path_handling: 'v1' is not supported"],
    [oneRoute('paths: ["/"], protocols: [tcp]'), "protocols[1]: 'tcp' is not supported"],
    [oneRoute('paths: ["/"], headers: {Host: [a]}'), "headers.Host: cannot contain 'host' header"],
    ['routes: [{name: r, paths: ["/"], service: nosuch}]', "service: 'nosuch' is not declared"],
    ['consumers: [{custom_id: a}, {custom_id: a}]', "custom_id: 'a' is declared twice"],
    ['consumers: [{tags: [a]}]', 'at least one of these fields must be non-empty: custom_id, username'],
    ['consumers: [{username: a, tags: ["a,b"]}]', "tags[1]: invalid tag 'a,b'"],
    ['consumers: [{username: a, id: nope}]', 'consumer a: id: expected a valid UUID'],
    ['consumers: [{username: a, keyauth_credentials: [{key: x}]}]', 'keyauth_credentials: is not supported'],
    [onePlugin('nosuch', ''), "plugin nosuch: name: plugin 'nosuch' not enabled"],
    [onePlugin('custom', ''), 'plugin custom: config.kind: required field missing'],
    [onePlugin('custom', 'kind: xx'), 'config.kind: expected one of: pk, sk'],
    [onePlugin('custom', 'kind: pk, colour: red'), 'config.colour: unknown field'],
    [onePlugin('custom', 'kind: pk, size: "5"'), 'config.size: expected an integer'],
    [onePlugin('custom', 'kind: pk, size: 11'), 'config.size: value should be between 1 and 10'],
    [onePlugin('custom', 'kind: pk, nested: {deep: 1}'), 'config.nested.deep: expected a boolean'],
    [onePlugin('custom', 'kind: pk, names: [a, 1]'), 'config.names[2]: expected a string'],
    [onePlugin('custom', 'kind: pk, names: a'), 'config.names: expected an array'],
    [`${onePlugin('custom', 'kind: pk')}\nservices: 3`, 'file: services: expected an array'],
    ['plugins: [{name: cors}, {name: cors}]', "plugin 'cors' is declared twice in one place"],
    ['plugins: [{name: cors, protocols: [tcp]}]', "protocols[1]: 'tcp' is not supported"],
    ['plugins: [{name: cors, consumer: nosuch}]', "consumer: 'nosuch' is not declared"],
    [onePlugin('cors', 'methods: [BREW]'), 'config.methods[1]: expected one of: GET'],
    [onePlugin('rate-limiting', ''), 'config: at least one of these fields must be non-empty: second'],
    [onePlugin('rate-limiting', 'second: 5, hour: 2'), 'The limit for hour(2) cannot be lower than'],
    [onePlugin('rate-limiting', 'hour: 1, policy: cluster'), "config.policy: 'cluster' is not supported"],
    [onePlugin('rate-limiting', 'hour: 1, policy: redis'), 'config: redis.host: required field missing'],
    [onePlugin('rate-limiting', 'hour: 1, sync_rate: 2'), 'sync_rate: other than -1 is not supported'],
    [onePlugin('rate-limiting', 'hour: 0'), 'config.hour: value must be greater than 0'],
    [onePlugin('request-termination', 'echo: true'), 'config.echo: true is not supported'],
    [
      onePlugin('request-termination', 'message: a, body: b'),
      'message cannot be used with content_type or body',
    ],
    ['services: [1]', 'service #1: expected a record'],
    ['a: [', /line 2/],
    ['services: []\nservices: []', 'Map keys must be unique'],
  ];
  for (const [yaml, expected] of table) {
    let message = 'accepted';
    try {
      parse(yaml);
    } catch (error) {
      message = (error as Error).message;
    }
    if (typeof expected === 'string') t.ok(message.includes(expected), `${yaml} → ${message}`);
    else t.match(message, expected, yaml);
  }
  t.throws(() => parseDeclarative('_format_version: "2.1"', {}, plugins), /expected one of: 3.0/);
  t.throws(() => parseDeclarative('services: []', {}, plugins), /_format_version: required field missing/);
  t.throws(() => parseDeclarative('just text', {}, plugins), /expected a map/);
});

t.test('every violation is named at once', async (t) => {
  t.throws(
    () => parse('services: [{name: s, host: h, a: 1, b: 2}]'),
    /s: a: unknown field; service s: b: unknown/,
  );
});

t.test('defaults are filled, ids are stable, select tags are added', async (t) => {
  const yaml = `_info: {select_tags: [mine]}
consumers: [{username: acme, tags: [a]}]
${oneRoute('paths: ["/"], tags: [b]')}
plugins: [{name: custom, config: {kind: pk}}, {name: cors, enabled: false}]`;
  const config = parse(yaml);
  t.same(
    config.plugins.map(({ config }) => config),
    [{ kind: 'pk', size: 5, nested: { deep: true } }],
  );
  t.match(config.routes[0], { strip_path: true, preserve_host: false, protocols: ['http', 'https'] });
  t.match(config.services[0], { host: 's.invalid', port: 80, read_timeout: 60_000 });
  t.same(config.consumers[0]?.tags, ['a', 'mine']);
  t.same(config.routes[0]?.tags, ['b', 'mine']);
  t.equal(parse(yaml).routes[0]?.id, config.routes[0]?.id);
  t.not(config.routes[0]?.id, config.services[0]?.id);
  t.same(
    parse('services: [{name: s, host: h, enabled: false, routes: [{name: r, paths: ["/"]}]}]').routes,
    [],
  );
});

const template = (inner: string) => `\${{ ${inner} }}`;

t.test('environment variables go in as decK puts them', async (t) => {
  const env = { DECK_A: 'x', DECK_PORT: '6379', OTHER: 'o', DECK_EMPTY: '' };
  t.equal(substituteEnv(`a: ${template('env "DECK_A"')}`, env), 'a: x');
  t.equal(substituteEnv(`a: ${template('env "DECK_PORT" | toInt')}`, env), 'a: 6379');
  t.throws(() => substituteEnv(template('env "DECK_B"'), env), /DECK_B is used in the file but not set/);
  t.throws(() => substituteEnv(template('env "DECK_EMPTY"'), env), /not set/);
  t.throws(() => substituteEnv(template('env "OTHER"'), env), /must be named DECK_/);
  t.throws(() => substituteEnv(template('env "DECK_A" | toInt'), env), /DECK_A can't be read by toInt/);
  t.throws(() => substituteEnv(template('vault'), env), /is not supported/);
});

t.test('schema dumps: what this gateway would not enforce is refused', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'dumps-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const read = (content: unknown) => {
    writeFileSync(join(dir, 'a.json'), typeof content === 'string' ? content : JSON.stringify(content));
    return readDumps(dir);
  };
  t.match(read(dump('a', 7, [{ x: { type: 'string', required: true } }])), [{ name: 'a', priority: 7 }]);
  t.same(readDumps(join(dir, 'nosuch')), []);
  t.throws(() => read('{'), /schema dump a.json: is not JSON/);
  t.throws(() => read([{ Name: 'a' }]), /Protocol: expected 'ProtoBuf:1'/);
  t.throws(() => read({ Protocol: 'ProtoBuf:1', Plugins: [] }), /Plugins\[0\] lacks/);
  t.throws(
    () => read(dump('a', 7, [{ x: { type: 'string', match: '^%u+$' } }])),
    /config.x: the schema rule 'match'/,
  );
  t.throws(() => read(dump('a', 7, [{ x: { type: 'function' } }])), /the type 'function' is not supported/);
  const late = dump('a', 7) as { Plugins: { Phases: string[] }[] };
  late.Plugins[0]?.Phases.push('response');
  t.throws(() => read(late), /the phase 'response' is not supported/);
});

t.test('a dump of decK is taken as it is: nulls and empty values ask for nothing', async (t) => {
  const route = 'name: r, paths: ["/"], methods: null, snis: [], headers: null, regex_priority: 0';
  const text = `_info: {defaults: {}, select_tags: [x]}
services: [{name: s, host: h.invalid, protocol: http, path: null, tls_verify: null, ca_certificates: [], routes: [{${route}}]}]`;
  t.match(parse(text), { routes: [{ name: 'r', tags: ['x'] }] });
});
