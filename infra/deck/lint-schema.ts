import { schema as clientAuth } from '../../plugins/client-auth/schema.ts';
import { schema as kinesisForward } from '../../plugins/kinesis-forward/schema.ts';
import { schema as lambdaInvoke } from '../../plugins/lambda-invoke/schema.ts';
import { correlationId } from '../local/gateway/correlation-id.ts';
import { cors } from '../local/gateway/cors.ts';
import { readPluginConfig } from '../local/gateway/entity-checks.ts';
import { CONSUMER, PLUGIN, ROUTE, SERVICE } from '../local/gateway/entity-schemas.ts';
import { createMetrics } from '../local/gateway/metrics.ts';
import type { Plugin } from '../local/gateway/plugin.ts';
import { rateLimiting } from '../local/gateway/rate-limiting.ts';
import { requestSizeLimiting } from '../local/gateway/request-size-limiting.ts';
import { requestTermination } from '../local/gateway/request-termination.ts';
import { type FieldSchema, type RecordSchema, type Report, validateRecord } from '../local/gateway/schema.ts';
import type { DeckModel, DeckPlugin, Place } from './deck-model.ts';

/** As kong-pdk dumps it for Kong. */
const fields = (schema: unknown): RecordSchema => ({ fields: schema as Record<string, FieldSchema>[] });

/** Ours, as their schemas tell Kong, and those of Kong's that the embedded gateway knows whole. */
const KNOWN = new Map<string, Pick<Plugin, 'schema' | 'check'>>(
  [
    { name: 'client-auth', schema: fields(clientAuth) },
    { name: 'lambda-invoke', schema: fields(lambdaInvoke) },
    { name: 'kinesis-forward', schema: fields(kinesisForward) },
    ...[
      cors,
      correlationId,
      requestSizeLimiting,
      requestTermination,
      rateLimiting(() => {}),
      createMetrics().plugin,
    ],
  ].map((plugin) => [plugin.name, plugin]),
);

/** What a schema says of a value that the environment fills in, or of what Kong takes and the embedded gateway does not. */
const NOT_OURS = /by the embedded gateway/;
const TEMPLATE = /^\s*\$\{\{\s*env\s+"[^"]+"\s*(?:\|\s*(toInt|toFloat|toBool)\s*)?\}\}\s*$/;
const STAND_INS: Record<string, unknown> = { toInt: 1, toFloat: 1, toBool: true };

/**
 * Reports each value that Kong's schemas, or those of our plugins, refuse, with the line of the entity it is in and its path.
 */
export function lintSchemas(deck: DeckModel, report: (line: number, message: string) => void): void {
  const entity = (what: string, schema: RecordSchema) => (place: Place & { name: string }) => {
    const { plugins: _, routes: __, ...own } = place.value;
    const found = reporter(place.line, `${what} ${place.name}`, own, report);
    validateRecord(schema, filled(own), '', (path, message) => {
      // of entities the embedded gateway knows what deck.yaml uses, not all there is
      if (message !== 'unknown field') found(path, message);
    });
  };
  deck.services.forEach(entity('service', SERVICE));
  deck.routes.forEach(entity('route', ROUTE));
  // their ids have a rule of their own
  deck.consumers
    .map(({ value: { id: _, ...value }, ...rest }) => ({ ...rest, value }))
    .forEach(entity('consumer', CONSUMER));
  deck.allPlugins.forEach(entity('plugin', PLUGIN));
  for (const plugin of deck.allPlugins) lintConfig(plugin, report);
}

function lintConfig(
  { name, line, value }: DeckPlugin,
  report: (line: number, message: string) => void,
): void {
  const known = KNOWN.get(name);
  if (!known) return;
  const config = value.config ?? {};
  readPluginConfig(known as Plugin, filled(config), reporter(line, `plugin ${name}`, { config }, report));
}

/** Tells what is wrong and where, but for values of which nothing is known before they are filled in. */
function reporter(
  line: number,
  what: string,
  given: unknown,
  report: (line: number, message: string) => void,
): Report {
  return (path, message) => {
    if (NOT_OURS.test(message) || TEMPLATE.test(String(valueAt(given, path)))) return;
    report(line, `${what}: ${path === '' ? '' : `${path}: `}${message}`);
  };
}

function valueAt(given: unknown, path: string): unknown {
  let value = given;
  for (const step of path.split(/[.[\]]+/).filter(Boolean)) {
    const index = Array.isArray(value) ? Number(step) - 1 : step;
    value = (value as Record<string | number, unknown> | undefined)?.[index];
  }
  return value;
}

/** As decK renders a file without its environment: a text, a number or a flag for each template. */
function filled(value: unknown): unknown {
  if (typeof value === 'string') {
    const match = TEMPLATE.exec(value);
    return match ? (STAND_INS[match[1] ?? ''] ?? 'template') : value;
  }
  if (Array.isArray(value)) return value.map(filled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item)]));
}
