import { DeclarativeError } from './config-types.ts';

const TEMPLATE = /\$\{\{(.*?)\}\}/gs;
const ENV = /^\s*env\s+"([^"]+)"\s*(?:\|\s*(toInt|toFloat|toBool)\s*)?$/;
const CONVERSIONS: Record<string, RegExp> = {
  toInt: /^[+-]?\d+$/,
  toFloat: /^[+-]?\d+(\.\d+)?$/,
  toBool: /^(true|false)$/,
};

/**
 * Puts environment variables in, as decK does before it parses the file: `${{ env "DECK_NAME" }}`, with `| toInt`,
 * `| toFloat` or `| toBool` where the value is to be checked.
 * @throws DeclarativeError for a variable that is unset or not named DECK_…, or for any other template
 */
export function substituteEnv(text: string, env: Record<string, string | undefined>): string {
  return text.replace(TEMPLATE, (template: string, inner: string) => {
    const match = ENV.exec(inner);
    if (!match) throw new DeclarativeError(`the template ${template} is not supported`);
    const [, name = '', conversion] = match;
    if (!name.startsWith('DECK_'))
      throw new DeclarativeError(`environment variable ${name} must be named DECK_… to be used in the file`);
    const value = env[name];
    if (value === undefined || value === '')
      throw new DeclarativeError(`environment variable ${name} is used in the file but not set`);
    if (conversion && !CONVERSIONS[conversion]?.test(value))
      throw new DeclarativeError(`environment variable ${name} can't be read by ${conversion}`);
    return value;
  });
}
