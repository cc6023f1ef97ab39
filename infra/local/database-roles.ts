import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

export interface Login {
  name: string;
  password: string;
}

/** The role the functions log in as: a member of `pistats_writer`, owner of nothing, so that row security binds it. */
export async function ensureFunctionLogin(registryUrl: string, dataDir: string): Promise<Login> {
  const file = join(dataDir, 'functions-password');
  if (!existsSync(file)) writeFileSync(file, randomBytes(18).toString('hex'), { mode: 0o600 });
  const login = { name: 'pistats_functions', password: readFileSync(file, 'utf8') };
  const client = new pg.Client({ connectionString: registryUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [login.name]);
    if (!rowCount) await client.query(`create role ${login.name} login in role pistats_writer`);
    await client.query(`alter role ${login.name} password ${client.escapeLiteral(login.password)}`);
  } finally {
    await client.end();
  }
  return login;
}
