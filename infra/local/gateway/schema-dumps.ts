import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeclarativeError } from './config-types.ts';
import { type FieldSchema, type RecordSchema, unknownRules } from './schema.ts';

/** What Kong learns of a plugin server's plugin from its query command (`cat <plugin>.json`). */
export interface PluginDump {
  name: string;
  priority: number;
  schema: RecordSchema;
}

interface DumpFile {
  Protocol?: string;
  Plugins?: {
    Name: string;
    Priority: number;
    Phases: string[];
    Schema: { fields: Record<string, FieldSchema>[] };
  }[];
}

/**
 * Reads every `*.json` of the dumps' directory; a directory that is not there has no plugins. As Kong 3.9 does, only
 * the first plugin of a dump counts.
 * @throws DeclarativeError when a dump is none, or asks for what this gateway can't do
 */
export function readDumps(dir: string): PluginDump[] {
  let files: string[];
  try {
    files = readdirSync(dir).filter((file) => file.endsWith('.json'));
  } catch {
    return [];
  }
  return files.sort().map((file) => {
    const fail = (problem: string) => new DeclarativeError(`schema dump ${file}: ${problem}`);
    let dump: DumpFile;
    try {
      dump = JSON.parse(readFileSync(join(dir, file), 'utf8')) as DumpFile;
    } catch {
      throw fail('is not JSON');
    }
    if (dump.Protocol !== 'ProtoBuf:1') throw fail(`Protocol: expected 'ProtoBuf:1', got '${dump.Protocol}'`);
    const plugin = dump.Plugins?.[0];
    if (!plugin?.Name || !Number.isInteger(plugin.Priority) || !Array.isArray(plugin.Phases))
      throw fail('Plugins[0] lacks Name, Priority or Phases');
    const [phase] = plugin.Phases.filter((name) => name !== 'access');
    if (phase !== undefined) throw fail(`the phase '${phase}' is not supported by the embedded gateway`);
    const config = plugin.Schema?.fields?.find((field) => field.config)?.config;
    if (config?.type !== 'record' || !Array.isArray(config.fields))
      throw fail('Schema.fields has no record named config');
    unknownRules(config, 'config', (path, problem) => {
      throw fail(`${path}: ${problem}`);
    });
    return { name: plugin.Name, priority: plugin.Priority, schema: { fields: config.fields } };
  });
}
