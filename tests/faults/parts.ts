import { waitUntil } from '../../infra/local/wait-until.ts';
import { childOf, isAlive, type Process } from './processes.ts';
import type { System } from './system.ts';

/** A JVM and its components, on a machine that has other work. */
const START_MS = 90_000;

const service = (name: string) => (system: System) => system.stack.services.get(name)?.pid ?? -1;
const jvm = (system: System) => system.stack.topology?.pid ?? -1;
const component = (script: string) => (system: System) =>
  childOf(jvm(system), ({ command }) => command.includes(script));
const ofFunction = (name: string) => (child: Process) =>
  child.environment.includes(`AWS_LAMBDA_FUNCTION_NAME=${name} `);

/** Every process that can be killed, and where its present pid is found. */
export const PARTS = {
  'plugin server': { article: 'the ', pid: service('plugin-server') },
  gateway: { article: 'the ', pid: service('gateway') },
  'Lambda environment': {
    article: 'a ',
    pid: (system: System) => childOf(service('lambda')(system), ofFunction('pistats-registrations')),
  },
  'Lambda service': { article: 'the ', pid: service('lambda') },
  Redis: { article: '', pid: service('redis') },
  PostgreSQL: { article: '', pid: service('postgresql') },
  'Kinesis service': { article: 'the ', pid: service('kinesis') },
  'Storm spout': { article: 'the ', pid: component('kinesis-spout.cjs') },
  'enrich bolt': { article: 'the ', pid: component('enrich-bolt.cjs') },
  'store bolt': { article: 'the ', pid: component('store-bolt.cjs') },
  'Storm JVM': { article: 'the ', pid: jvm },
} as const;

export type Part = keyof typeof PARTS;

const BEATS = "select count(*)::int as n from topology_heartbeats where seen_at > now() - interval '5 s'";

/** Whether all of them run, and both ends of the topology have told so within the last seconds. */
export async function allRun(system: System): Promise<boolean> {
  const beats = await system.analytics.query<{ n: number }>(BEATS);
  if ((beats.rows[0]?.n ?? 0) < 2) return false;
  return Object.values(PARTS).every(({ pid }) => isAlive(pid(system)));
}

/** Of the process that runs now; waits for one that is being started again. */
export const pidOf = (system: System, part: Part): Promise<number> =>
  waitUntil(
    part,
    () => {
      const pid = PARTS[part].pid(system);
      return isAlive(pid) ? pid : 0;
    },
    { timeoutMs: START_MS },
  );
