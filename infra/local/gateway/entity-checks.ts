import type { EntityKind } from './entities.ts';
import type { Plugin } from './plugin.ts';
import { type Report, validateRecord } from './schema.ts';

/** Checks that reach over several fields of an entity; each sentence is Kong's own. */

/** Fields of which no two entities of a kind may share a value. */
export const UNIQUE: Record<EntityKind, string[]> = {
  services: ['name'],
  routes: ['name'],
  consumers: ['username', 'custom_id'],
  plugins: ['instance_name'],
};

const hasEntries = (value: unknown) =>
  value !== undefined && value !== null && Object.keys(value as object).length > 0;

export function routeViolation(route: Record<string, unknown>): string | undefined {
  if (['methods', 'hosts', 'headers', 'paths'].some((field) => hasEntries(route[field]))) return undefined;
  const https = (route.protocols as string[] | undefined)?.includes('https') ?? true;
  return https
    ? "must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'"
    : "must set one of 'methods', 'hosts', 'headers', 'paths' when 'protocols' is 'http'";
}

export function consumerViolation(consumer: Record<string, unknown>): string | undefined {
  if (consumer.username != null || consumer.custom_id != null) return undefined;
  return 'at least one of these fields must be non-empty: custom_id, username';
}

/** Checks a plugin's config and fills its defaults. */
export function readPluginConfig(plugin: Plugin, config: unknown, report: Report): Record<string, unknown> {
  let sound = true;
  const filled = validateRecord(
    plugin.schema,
    expandShorthands(plugin, config),
    'config',
    (field, problem) => {
      sound = false;
      report(field, problem);
    },
  );
  const wrong = sound ? plugin.check?.(filled) : undefined;
  if (wrong) report('config', wrong);
  return filled;
}

/** Moves a value given under its old name to its place, unless that is given too. */
function expandShorthands({ schema }: Plugin, config: unknown): unknown {
  if (!schema.shorthands || typeof config !== 'object' || config === null) return config;
  const expanded = structuredClone(config) as Record<string, unknown>;
  for (const [shorthand, [record = '', field = '']] of Object.entries(schema.shorthands)) {
    const value = expanded[shorthand];
    delete expanded[shorthand];
    if (value === undefined || value === null) continue;
    const target = (expanded[record] ?? {}) as Record<string, unknown>;
    expanded[record] = { ...target, [field]: target[field] ?? value };
  }
  return expanded;
}
