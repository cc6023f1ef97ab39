import { readFileSync } from 'node:fs';
import { join } from 'node:path';

type Agent = [browser: string, os: string | null, agent: string];

/** What real clients send: browser, system and agent, by the class of the device. */
export const USER_AGENTS: Record<string, Agent[]> = {};

const lines = readFileSync(join(import.meta.dirname, 'user-agents.tsv'), 'utf8')
  .trimEnd()
  .split('\n');
for (const line of lines.filter((text) => !text.startsWith('#'))) {
  const [deviceClass, browser, os, agent] = line.split('\t') as [string, string, string, string];
  USER_AGENTS[deviceClass] ??= [];
  USER_AGENTS[deviceClass].push([browser, os === '-' ? null : os, agent]);
}
