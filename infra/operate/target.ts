import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { tlsProblem } from '../../contracts/database-url.ts';
import { type AwsService, locateService } from '../../stream/index.ts';
import { LOCAL_AWS } from '../local/local-aws.ts';
import { DATA_DIR } from '../local/paths.ts';
import { type RunInfo, readRunInfo } from '../local/run-info.ts';
import { OperatorError } from './errors.ts';

/** What a command works on. Its parts are all of the local stack, or all of them are what options and environment name. */
export type Target<N extends Need = Need> = { where: 'local' | 'given' } & Record<N, string>;
export type Need = keyof typeof SETTINGS;

const SETTINGS = {
  /** as its owner: row-level security shows any other role one client at most */
  registry: { variable: 'DATABASE_URL', how: 'DATABASE_URL (or --registry)', ofStack: 'registryUrl' },
  analytics: { variable: 'ANALYTICS_URL', how: 'ANALYTICS_URL', ofStack: 'analyticsUrl' },
  stream: { variable: 'PISTATS_STREAM', how: 'PISTATS_STREAM', ofStack: 'stream' },
} as const;

/** The stack that runs on this machine over PISTATS_DATA, or the one whose run.json PISTATS_RUN names. */
export function runningStackInfo(environment: NodeJS.ProcessEnv = process.env): Partial<RunInfo> | undefined {
  const file = environment.PISTATS_RUN ?? join(DATA_DIR, 'run.json');
  if (!existsSync(file)) return undefined;
  try {
    return readRunInfo(file);
  } catch {
    throw new OperatorError('no_target', `${file} is no run.json of a stack.`);
  }
}

/**
 * Decides for all that a command needs at once. Regions and credentials of the shell decide nothing: with the local stack
 * its Kinesis is put into `environment`, where every AWS SDK looks.
 * @throws OperatorError no_target, mixed_target, aws_settings, database_url
 */
export function findTarget<N extends Need>(
  needs: readonly N[],
  options: { registry?: string } = {},
  environment: NodeJS.ProcessEnv = process.env,
): Target<N> {
  const stack = runningStackInfo(environment);
  const settingOf = (need: Need) =>
    (need === 'registry' && options.registry) || environment[SETTINGS[need].variable] || undefined;
  const ofStack = (need: Need) => stack?.[SETTINGS[need].ofStack];
  const given = needs.filter((need) => {
    const value = settingOf(need);
    return value !== undefined && !isSame(value, ofStack(need));
  });
  const names = (list: readonly Need[]) => list.map((need) => SETTINGS[need].how).join(', ');
  if (given.length === needs.length) {
    for (const need of given) {
      const problem = need === 'stream' ? undefined : tlsProblem(String(settingOf(need)));
      if (problem) throw new OperatorError('database_url', `the URL of the ${need} ${problem}.`);
    }
    if (given.includes('stream' as N)) requireKinesis(environment, stack);
    return { where: 'given', ...pick(needs, settingOf) };
  }
  if (!stack)
    throw new OperatorError(
      'no_target',
      `nothing tells where to work: set ${names(needs.filter((need) => !settingOf(need)))}, or start the local stack.`,
    );
  if (given.length > 0)
    throw new OperatorError(
      'mixed_target',
      `${names(given)} is not of the local stack, which runs here and would be taken for the rest: set ${names(needs.filter((need) => !given.includes(need)))}, too, or none of them.`,
    );
  if (needs.includes('stream' as N)) pointAtLocalKinesis(String(stack.kinesisUrl), environment);
  return { where: 'local', ...pick(needs, ofStack) };
}

const pick = <N extends Need>(needs: readonly N[], settingOf: (need: N) => string | undefined) =>
  Object.fromEntries(needs.map((need) => [need, String(settingOf(need))])) as Record<N, string>;

/** URLs name the same database whatever login they hold. */
function isSame(value: string, other: string | undefined): boolean {
  if (value === other) return true;
  const [a, b] = [URL.parse(value), URL.parse(other ?? '')];
  return a !== null && b !== null && a.host === b.host && a.pathname === b.pathname;
}

function requireKinesis(environment: NodeJS.ProcessEnv, stack: Partial<RunInfo> | undefined): void {
  const endpoint = environment.AWS_ENDPOINT_URL_KINESIS ?? environment.AWS_ENDPOINT_URL;
  if (endpoint !== undefined && isSame(endpoint, stack?.kinesisUrl))
    throw new OperatorError(
      'mixed_target',
      'AWS_ENDPOINT_URL_KINESIS is the local stack’s, the databases are not: unset it, or work on the local stack.',
    );
  requireAws(environment);
}

/** @throws OperatorError aws_settings */
function requireAws(environment: NodeJS.ProcessEnv): AwsService {
  try {
    return locateService('kinesis', environment);
  } catch (error) {
    throw new OperatorError('aws_settings', `${(error as Error).message}.`);
  }
}

function pointAtLocalKinesis(kinesisUrl: string, environment: NodeJS.ProcessEnv): void {
  Object.assign(environment, LOCAL_AWS, { AWS_ENDPOINT_URL_KINESIS: kinesisUrl });
}

const LOCALLY = 'working on the local stack.';

/** Names what is worked on, without a login. */
export function describeTarget(
  target: Partial<Target>,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  if (target.where === 'local') return LOCALLY;
  const parts = (['registry', 'analytics', 'stream'] as const).flatMap((need) => {
    const value = target[need];
    if (value === undefined) return [];
    const url = need === 'stream' ? null : URL.parse(value);
    const region = environment.AWS_ENDPOINT_URL_KINESIS ?? environment.AWS_REGION;
    return need === 'stream'
      ? `stream ${value} (${region})`
      : `${need} ${url ? `${url.host}${url.pathname}` : 'database'}`;
  });
  return `working on ${parts.join(', ')}.`;
}

/**
 * The folders of spools: `--spool` (a node's, or a copy), else PISTATS_SPOOL_DIR, else the local stack's.
 * @throws OperatorError mixed_target where a command works on the local stack and PISTATS_SPOOL_DIR is not of it
 */
export function spoolDirs(
  given: string[],
  where: Target['where'] | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): string[] {
  if (given.length > 0) return given;
  const variable = environment.PISTATS_SPOOL_DIR || undefined;
  const local = runningStackInfo(environment)?.spoolDir;
  if (where === 'local' && variable && local && resolve(variable) !== resolve(local))
    throw new OperatorError(
      'mixed_target',
      'PISTATS_SPOOL_DIR is not of the local stack, on which this would work: unset it, or give --spool.',
    );
  const dir = variable ?? (where === 'given' ? undefined : local);
  return dir === undefined ? [] : [dir];
}

/**
 * The Kinesis to which the records of a spool go: what the local stack's nodes wrote goes to its own, whatever region the
 * shell names, anything else to what AWS's variables name. Says which.
 * @throws OperatorError aws_settings
 */
export function findKinesisOf(dir: string, environment: NodeJS.ProcessEnv = process.env): string {
  const stack = runningStackInfo(environment);
  if (stack?.spoolDir && stack.kinesisUrl && resolve(stack.spoolDir) === resolve(dir)) {
    pointAtLocalKinesis(stack.kinesisUrl, environment);
    return LOCALLY;
  }
  return `working on Kinesis at ${requireAws(environment).endpoint.host}.`;
}
