#!/usr/bin/env node
// Stands where Prisma's native schema engine would, which is fetched from outside the package registry: the same
// command line and the same JSON-RPC on stdin and stdout, answered by @prisma/schema-engine-wasm (the same engine,
// compiled to WebAssembly) over @prisma/adapter-pg. Where the native engine can be had, leave
// PRISMA_SCHEMA_ENGINE_BINARY unset and use that: both keep the same _prisma_migrations table.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import * as engineModule from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';

const { datamodels, url, command } = parseArguments(process.argv.slice(2));

function parseArguments(args) {
  const parsed = { datamodels: [], url: undefined, command: [] };
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--datamodels') parsed.datamodels.push(args[++i]);
    else if (args[i] === '--datasource') parsed.url = JSON.parse(args[++i]).url;
    else if (args[i] === '--enabled-preview-features' || args[i] === '--extension-types') i++;
    else parsed.command.push(args[i]);
  }
  return parsed;
}

/** The CLI reads these lines from stderr. */
function log(level, message, errorCode) {
  const fields = { message, error_code: errorCode };
  const line = { timestamp: new Date().toISOString(), level, fields, target: 'schema_engine::logger' };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

// whatever a library warns of would be read by the CLI as a line of the log
process.removeAllListeners('warning');
process.on('warning', ({ message }) => log('WARN', message));

async function withClient(connectionString, work) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** CREATE or DROP DATABASE is sent over a connection to `postgres`. */
async function changeDatabase(verb, databaseUrl) {
  const maintenance = new URL(databaseUrl);
  const name = decodeURIComponent(maintenance.pathname.slice(1));
  maintenance.pathname = '/postgres';
  await withClient(maintenance.toString(), (client) =>
    client.query(`${verb} DATABASE ${client.escapeIdentifier(name)}`),
  );
  return name;
}

/** `cli can-connect-to-database` and its like: an exit code, and the reason on stderr. */
async function runCli(name) {
  log('INFO', 'Starting schema engine CLI'); // the CLI drops the first line
  try {
    if (name === 'can-connect-to-database') await withClient(url, (client) => client.query('select 1'));
    else if (name === 'create-database') await changeDatabase('CREATE', url);
    else if (name === 'drop-database') await changeDatabase('DROP', url);
    else throw new Error(`unknown command ${name}`);
    log('INFO', `${name} succeeded`);
    return 0;
  } catch (error) {
    // 3D000: no such database, 28P01: wrong password (PostgreSQL, appendix A)
    const code = { '3D000': 'P1003', '28P01': 'P1000' }[error.code] ?? 'P1001';
    log('ERROR', error.message, code);
    return 1;
  }
}

/** Catalogue columns of types that adapter-pg does not know ("char", name and their arrays), read as text. */
const CATALOGUE_TYPES = new Map([
  [18, 25],
  [19, 25],
  [194, 25],
  [1002, 1009],
  [1003, 1009],
]);
const CHAR = 18;

/** Mends what the adapter lacks for the engine: catalogue types, and scripts, which it would split at every `;`. */
function mend(adapter) {
  let fields = [];
  const performIO = adapter.performIO.bind(adapter);
  adapter.performIO = async (query) => {
    const result = await performIO(query);
    fields = (result.fields ?? []).map((field) => field.dataTypeID);
    for (const field of result.fields ?? [])
      field.dataTypeID = CATALOGUE_TYPES.get(field.dataTypeID) ?? field.dataTypeID;
    return result;
  };
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (query) => {
    const result = await queryRaw(query);
    fields.forEach((type, index) => {
      if (type === CHAR) result.columnTypes[index] = ColumnTypeEnum.Character;
    });
    return result;
  };
  if (adapter.executeScript)
    adapter.executeScript = async (script) => {
      try {
        await adapter.underlyingDriver().query(script);
      } catch (error) {
        adapter.onError(error);
      }
    };
  if (adapter.startTransaction) {
    const startTransaction = adapter.startTransaction.bind(adapter);
    adapter.startTransaction = async (level) => mend(await startTransaction(level));
  }
  return adapter;
}

class MigrationAdapter extends PrismaPg {
  async connect() {
    return mend(await super.connect());
  }

  // the adapter's own leaves connectionString in place: its shadow pool would reach the main database
  async connectToShadowDb() {
    const shadow = new URL(url);
    shadow.pathname = `/prisma_migrate_shadow_db_${crypto.randomUUID()}`;
    await changeDatabase('CREATE', shadow.toString());
    const adapter = await new MigrationAdapter({ connectionString: shadow.toString(), max: 1 }).connect();
    const dispose = adapter.dispose.bind(adapter);
    adapter.dispose = async () => {
      await dispose();
      await changeDatabase('DROP', shadow.toString());
    };
    return adapter;
  }
}

let panic;

async function loadEngine() {
  globalThis.PRISMA_WASM_PANIC_REGISTRY = {
    set_message(message) {
      panic = message;
    },
  };
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm');
  const wasm = readFileSync(entry.replace(/schema_engine\.js$/, 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(wasm, { './schema_engine_bg.js': engineModule });
  engineModule.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  const models =
    datamodels.length > 0 ? datamodels.map((file) => [file, readFileSync(file, 'utf8')]) : undefined;
  const factory = new MigrationAdapter({ connectionString: url ?? 'postgresql://127.0.0.1:1/none', max: 1 });
  return engineModule.SchemaEngine.new(
    { datamodels: models },
    () => {},
    bindMigrationAwareSqlAdapterFactory(factory),
  );
}

let engine;

async function call(method, params) {
  if (method === 'createDatabase')
    return { databaseName: await changeDatabase('CREATE', params.datasource.url ?? url) };
  if (method === 'getDatabaseVersion')
    return withClient(url, async (client) => (await client.query('select version()')).rows[0].version);
  engine ??= await loadEngine();
  if (typeof engine[method] !== 'function') throw new Error(`the engine has no method ${method}`);
  return (await engine[method](params)) ?? {};
}

async function answer({ id, method, params }) {
  if (!method) return undefined; // the CLI acknowledges a "print"
  try {
    const result = await call(method, params);
    // the native engine prints a diff by a request of its own
    if (method === 'diff' && result?.stdout) {
      const content = result.stdout.replace(/\n$/, '');
      send({ jsonrpc: '2.0', id: 1_000_000 + id, method: 'print', params: { content } });
      result.stdout = null;
    }
    return { jsonrpc: '2.0', id, result };
  } catch (error) {
    const message = panic ?? error?.message ?? String(error);
    const data = { is_panic: Boolean(panic), message, error_code: error?.code, meta: error?.meta ?? {} };
    return {
      jsonrpc: '2.0',
      id,
      error: { code: 4466, message: 'An error happened. Check the data field.', data },
    };
  }
}

const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

if (command.includes('--version') || process.argv.includes('--version')) {
  process.stdout.write('schema-engine-cli wasm\n');
} else if (command[0] === 'cli') {
  process.exitCode = await runCli(command[1]);
} else {
  process.on('uncaughtException', (error) => {
    log('ERROR', panic ?? error.stack);
    process.exit(101);
  });
  for await (const line of createInterface({ input: process.stdin })) {
    const reply = await answer(JSON.parse(line));
    if (reply) send(reply);
  }
  process.exit(0);
}
