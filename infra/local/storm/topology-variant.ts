import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseDocument } from 'yaml';
import { TOPOLOGY_FILE } from '../../../storm/paths.ts';

export interface TopologyChanges {
  name?: string;
  /** laid over `config` */
  config?: Record<string, unknown>;
  /** the command line of the spout instead of the Kinesis spout's */
  spoutCommand?: string[];
  /** tasks of a component, by its id */
  parallelism?: Record<string, number>;
}

/** Writes topology.yaml with changes to `file` and gives its path: all else is what production runs. */
export function writeTopologyVariant(file: string, changes: TopologyChanges): string {
  const topology = parseDocument(readFileSync(TOPOLOGY_FILE, 'utf8'));
  if (changes.name) topology.set('name', changes.name);
  for (const [key, value] of Object.entries(changes.config ?? {})) topology.setIn(['config', key], value);
  if (changes.spoutCommand)
    topology.setIn(['spouts', 0, 'constructorArgs', 0], topology.createNode(changes.spoutCommand));
  const { spouts, bolts } = topology.toJS() as Record<'spouts' | 'bolts', { id: string }[]>;
  for (const [id, tasks] of Object.entries(changes.parallelism ?? {})) {
    const kind = spouts.some((spout) => spout.id === id) ? 'spouts' : 'bolts';
    const at = (kind === 'spouts' ? spouts : bolts).findIndex((component) => component.id === id);
    if (at < 0) throw new Error(`${TOPOLOGY_FILE} has no component "${id}"`);
    topology.setIn([kind, at, 'parallelism'], tasks);
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, topology.toString());
  return file;
}
