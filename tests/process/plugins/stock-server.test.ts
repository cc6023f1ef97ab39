import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { PLUGIN_NAMES } from '../../../plugins/names.ts';
import { consumerWith, newKey } from '../../support/keys.ts';
import { socketDir } from '../../support/server-fixture.ts';
import { connectStock } from './msgpack-client.ts';

/** The plugins in kong-pdk's own kong-js-pluginserver: what follows its interface runs there too. */
const BIN = join(
  createRequire(import.meta.url).resolve('kong-pdk/package.json'),
  '../bin/kong-js-pluginserver',
);
const dir = join(import.meta.dirname, '../../../dist/plugins');
const folderOf = (name: string) => join(dir, 'stock', name);

function run(args: string[]) {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<number | null>((resolve) => child.on('exit', resolve));
  t.teardown(() => {
    child.kill('SIGKILL');
    return exited;
  });
  return { child, exited };
}

const expected = {
  'client-auth': {
    Priority: 1250,
    fields: ['kind', 'key_in_body', 'cache_ttl_ms', 'cache_size', 'rate', 'burst', 'max_senders'],
  },
  'lambda-invoke': {
    Priority: 750,
    fields: [
      'function',
      'path',
      'max_size',
      'min_in_flight',
      'max_in_flight',
      'max_queue',
      'max_queue_bytes',
      'deadline_ms',
      'respond',
    ],
  },
  'kinesis-forward': { Priority: 740, fields: ['stream', 'mode', 'deadline_ms', 'spool_after_ms'] },
};
for (const name of PLUGIN_NAMES)
  t.test(`${name} is dumped as our own build dumps it`, async (t) => {
    const { child, exited } = run(['-d', folderOf(name), '--dump-all-plugins']);
    const plugins = JSON.parse(await text(child.stdout));
    t.equal(await exited, 0);
    const { Priority, fields } = expected[name];
    t.match(plugins, [{ Name: name, Version: /^\d+\.\d+\.\d+$/, Priority, Phases: ['access'] }]);
    t.equal(plugins.length, 1, 'Kong reads only the first');
    const [{ config }] = plugins[0].Schema.fields;
    t.same(config.fields.flatMap(Object.keys), fields);
    const dump = JSON.parse(readFileSync(join(dir, 'dumps', `${name}.json`), 'utf8'));
    t.same(dump, { Protocol: 'ProtoBuf:1', Plugins: plugins });
  });

async function serve(name: string) {
  const sockets = socketDir(t);
  run(['-d', folderOf(name), '-p', sockets, '--sock-name', 's']);
  const client = await waitUntil(`${name} is served`, () => connectStock(join(sockets, 's')), {
    everyMs: 10,
  });
  t.teardown(() => client.close());
  return client;
}

t.test('client-auth: without a key 401, with one the consumer', async (t) => {
  const { key, tag } = newKey('pk');
  const client = await serve('client-auth');
  const config = { kind: 'pk', key_in_body: true, cache_ttl_ms: 1000, cache_size: 10 };
  const { Id, Name } = await client.start('client-auth', config);
  t.equal(Name, 'client-auth');
  const missing = await client.event(Id);
  const [status, body, headers] = missing.exit ?? [];
  t.equal(status, 401);
  t.match(JSON.parse(Buffer.from(body as Uint8Array).toString()), { code: 'key_missing' });
  t.match(headers, { 'content-type': 'application/problem+json' });

  const given: [string, unknown[]][] = [];
  const known = await client.event(Id, (method, args) => {
    given.push([method, args]);
    if (method === 'kong.request.get_header' && args[0] === 'x-api-key') return key;
    if (method === 'kong.client.load_consumer') return consumerWith([tag]);
    return undefined;
  });
  t.equal(known.exit, undefined);
  t.same(known.calls.slice(-3), [
    'kong.client.load_consumer',
    'kong.client.authenticate',
    'kong.ctx.shared.set',
  ]);
  const set = given.find(([method]) => method === 'kong.ctx.shared.set');
  t.same(set?.[1], ['pistats_client', '{"client":"acme","kind":"pk"}']);
});

for (const [name, config] of [
  ['lambda-invoke', { function: 'job', path: '/v1/registrations' }],
  ['kinesis-forward', { stream: 'events', mode: 'response', deadline_ms: 1000, spool_after_ms: 500 }],
] as const)
  t.test(`${name}: an instance starts, and refuses a request that nobody authenticated`, async (t) => {
    const client = await serve(name);
    const { Id } = await client.start(name, config);
    const { exit, calls } = await client.event(Id);
    const [status, body] = exit ?? [];
    t.equal(status, 503);
    t.match(JSON.parse(Buffer.from(body as Uint8Array).toString()), { code: 'unavailable' });
    t.ok(calls.includes('kong.ctx.shared.get'));
  });
