import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { connectionUrl } from '../../contracts/database-url.ts';
import { FUNCTION_SETTINGS } from '../../lambdas/adapters/session-settings.ts';
import { TOPOLOGY_SETTINGS } from '../../storm/index.ts';

export interface Login {
  name: string;
  password: string;
}

/** A role that logs in, the one whose rights it has, and what holds for its sessions (docs/databases.md). */
interface LoginSpec {
  name: string;
  member: string;
  settings: Readonly<Record<string, string>>;
}

/** Owner of nothing, so that row security binds it. */
const FUNCTIONS: LoginSpec = {
  name: 'pistats_functions',
  member: 'pistats_writer',
  settings: FUNCTION_SETTINGS,
};
const TOPOLOGY: LoginSpec = {
  name: 'pistats_storm',
  member: 'pistats_topology',
  settings: TOPOLOGY_SETTINGS,
};

export const ensureFunctionLogin = (url: string, dataDir: string) => ensureLogin(url, dataDir, FUNCTIONS);
export const ensureTopologyLogin = (url: string, dataDir: string) => ensureLogin(url, dataDir, TOPOLOGY);

async function ensureLogin(
  url: string,
  dataDir: string,
  { name, member, settings }: LoginSpec,
): Promise<Login> {
  const file = join(dataDir, `${name.replace('pistats_', '')}-password`);
  if (!existsSync(file)) writeFileSync(file, randomBytes(18).toString('hex'), { mode: 0o600 });
  const login = { name, password: readFileSync(file, 'utf8') };
  const client = new pg.Client({ connectionString: connectionUrl(url) });
  client.on('error', () => {});
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [name]);
    if (!rowCount) await client.query(`create role ${name} login in role ${member}`);
    await client.query(`alter role ${name} password ${client.escapeLiteral(login.password)}`);
    for (const statement of settingsOf(name, settings)) await client.query(statement);
  } finally {
    await client.end();
  }
  return login;
}

/** SQL that makes the settings those of each session of the login. */
export const settingsOf = (login: string, settings: Readonly<Record<string, string>>): string[] =>
  Object.entries(settings).map(([name, value]) => `alter role ${login} set ${name} = '${value}'`);
