/** The functions' settings, read once when an environment starts; a missing one ends it with a clear message. */
export function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

/** DEVICE_TOKEN_SECRETS: JSON `{"kid": "secret", …}`. */
export function deviceTokenSecrets(): Record<string, string> {
  const text = required('DEVICE_TOKEN_SECRETS');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error('DEVICE_TOKEN_SECRETS is not JSON');
  }
  const valid = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  if (!valid || !Object.values(parsed as object).every((secret) => typeof secret === 'string'))
    throw new Error('DEVICE_TOKEN_SECRETS must be an object of strings');
  return parsed as Record<string, string>;
}

/** PISTATS_PREPARED_STATEMENTS: `off` where a pooler between the functions and PostgreSQL does not know prepared statements. */
export function namesStatements(environment: NodeJS.ProcessEnv = process.env): boolean {
  const value = environment.PISTATS_PREPARED_STATEMENTS || 'on';
  if (value !== 'on' && value !== 'off')
    throw new Error(`PISTATS_PREPARED_STATEMENTS must be on or off, not "${value}"`);
  return value === 'on';
}
