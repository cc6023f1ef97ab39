import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { connectionUrl, tlsProblem } from '../contracts/database-url.ts';

const SCHEMA_DIR = join(import.meta.dirname, 'schema');
/** Any number, the same for all: two migrations of one database wait for each other. */
const LOCK = 7_250_316;

/**
 * Brings the analytics database at `url` up to date; makes the database first when the server has none of that name.
 * Each file of schema/ is applied once, in the order of the names, in a transaction of its own.
 * @returns the versions applied by this call
 */
export async function migrateAnalytics(url: string): Promise<string[]> {
  const client = await connect(url);
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    await client.query(
      'create table if not exists schema_versions (version text primary key, applied_at timestamptz not null default now())',
    );
    const { rows } = await client.query<{ version: string }>('select version from schema_versions');
    const present = new Set(rows.map((row) => row.version));
    const applied: string[] = [];
    for (const file of readdirSync(SCHEMA_DIR).sort()) {
      const version = file.replace(/\.sql$/, '');
      if (!file.endsWith('.sql') || present.has(version)) continue;
      await apply(client, version, readFileSync(join(SCHEMA_DIR, file), 'utf8'));
      applied.push(version);
    }
    return applied;
  } finally {
    await client.end();
  }
}

async function apply(client: pg.Client, version: string, sql: string): Promise<void> {
  try {
    await client.query('begin');
    await client.query(sql);
    await client.query('insert into schema_versions (version) values ($1)', [version]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw new Error(`analytics schema ${version}: ${(error as Error).message}`, { cause: error });
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: connectionUrl(url) });
  try {
    await client.connect();
    return client;
  } catch (error) {
    if ((error as { code?: string }).code !== '3D000') throw error; // invalid_catalog_name: no such database
  }
  await createDatabase(url);
  const second = new pg.Client({ connectionString: connectionUrl(url) });
  await second.connect();
  return second;
}

async function createDatabase(url: string): Promise<void> {
  const server = new URL(url);
  const name = decodeURIComponent(server.pathname.slice(1));
  server.pathname = '/postgres';
  const client = new pg.Client({ connectionString: connectionUrl(server.href) });
  await client.connect();
  try {
    await client.query(`create database ${client.escapeIdentifier(name)} encoding 'UTF8' template template0`);
  } catch (error) {
    // made by someone else meanwhile: duplicate_database, or unique_violation when at the very same time
    if (!['42P04', '23505'].includes((error as { code?: string }).code ?? '')) throw error;
  } finally {
    await client.end();
  }
}

if (import.meta.main) {
  const url = process.env.ANALYTICS_URL;
  try {
    if (!url) throw new Error('set ANALYTICS_URL to the analytics database');
    const problem = tlsProblem(url);
    if (problem) throw new Error(`ANALYTICS_URL ${problem}`);
    const applied = await migrateAnalytics(url);
    process.stdout.write(`${applied.length > 0 ? `applied ${applied.join(', ')}` : 'up to date'}\n`);
  } catch (error) {
    process.stderr.write(`pistats: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
