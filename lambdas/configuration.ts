import { tlsProblem } from '../contracts/database-url.ts';
import { SettingError } from './errors.ts';

/** The functions' settings, read once when an environment starts; one that is missing or wrong ends it. @throws SettingError */
export function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new SettingError(name, 'is not set');
  return value;
}

/** The registry's URL. @throws SettingError */
export function databaseUrl(): string {
  const value = checkUrl('DATABASE_URL', required('DATABASE_URL'), ['postgres:', 'postgresql:']);
  const problem = tlsProblem(value);
  if (problem) throw new SettingError('DATABASE_URL', problem);
  return value;
}

/** Undefined: no cache of answers. @throws SettingError */
export function redisUrl(): string | undefined {
  const value = process.env.REDIS_URL || undefined;
  return value && checkUrl('REDIS_URL', value, ['redis:', 'rediss:']);
}

function checkUrl(name: string, value: string, protocols: string[]): string {
  const url = URL.parse(value);
  if (url && protocols.includes(url.protocol)) return value;
  throw new SettingError(
    name,
    `is no URL that begins with ${protocols.map((one) => `${one}//`).join(' or ')}`,
  );
}

/** DEVICE_TOKEN_SECRETS: JSON `{"kid": "secret", …}`. @throws SettingError */
export function deviceTokenSecrets(): Record<string, string> {
  const text = required('DEVICE_TOKEN_SECRETS');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new SettingError('DEVICE_TOKEN_SECRETS', 'is not JSON');
  }
  const valid = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  if (!valid || !Object.values(parsed as object).every((secret) => typeof secret === 'string'))
    throw new SettingError('DEVICE_TOKEN_SECRETS', 'must be an object of strings');
  return parsed as Record<string, string>;
}

/** PISTATS_PREPARED_STATEMENTS: `off` where a pooler between the functions and PostgreSQL does not know prepared statements. */
export function namesStatements(environment: NodeJS.ProcessEnv = process.env): boolean {
  const value = environment.PISTATS_PREPARED_STATEMENTS || 'on';
  if (value !== 'on' && value !== 'off')
    throw new SettingError('PISTATS_PREPARED_STATEMENTS', 'must be on or off');
  return value === 'on';
}
