import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { STATE_DIR } from '../../local/paths.ts';
import { type RunInfo, readRunInfo } from '../../local/run-info.ts';
import { StopError } from '../../local/stop-error.ts';
import { pointAtLocalKinesis } from '../local-kinesis.ts';
import { BAD_USAGE } from '../run-program.ts';

/** Where the books are. */
export interface Places {
  /** as its owner: row-level security shows any other role one client at most */
  registryUrl: string;
  analyticsUrl: string;
  stream: string;
  spoolDirs: string[];
}

export interface PlaceOptions {
  registry?: string;
  spool: string[];
}

/**
 * Each by its option, else its variable, else from the local stack that runs. The stack's Kinesis is put into
 * `environment`, where every AWS SDK looks, unless that names one.
 * @throws StopError when there is none
 */
export function findPlaces(options: PlaceOptions, environment: NodeJS.ProcessEnv = process.env): Places {
  const runFile = environment.PISTATS_RUN ?? join(STATE_DIR, 'run.json');
  const stack: Partial<RunInfo> | undefined = existsSync(runFile) ? readRunInfo(runFile) : undefined;
  const need = (what: string, how: string, ...values: (string | undefined)[]): string => {
    const found = values.find(Boolean);
    if (!found) throw new StopError(`no ${what}: ${how}, or start the local stack.`, BAD_USAGE);
    return found;
  };
  const places = {
    registryUrl: need(
      'registry',
      'give --registry, set DATABASE_URL',
      options.registry,
      environment.DATABASE_URL,
      stack?.registryUrl,
    ),
    analyticsUrl: need(
      'analytics database',
      'set ANALYTICS_URL',
      environment.ANALYTICS_URL,
      stack?.analyticsUrl,
    ),
    stream: need('stream', 'set PISTATS_STREAM', environment.PISTATS_STREAM, stack?.stream),
    spoolDirs: spoolDirs(options.spool, environment.PISTATS_SPOOL_DIR, stack?.spoolDir),
  };
  const missing = places.spoolDirs.find((dir) => !existsSync(dir));
  if (missing && options.spool.includes(missing))
    throw new StopError(`there is no spool ${missing}.`, BAD_USAGE);
  if (stack?.kinesisUrl && !environment.AWS_ENDPOINT_URL_KINESIS && !environment.AWS_REGION)
    pointAtLocalKinesis(stack.kinesisUrl, environment);
  return places;
}

function spoolDirs(given: string[], variable: string | undefined, local: string | undefined): string[] {
  if (given.length > 0) return given;
  return [variable || local].filter((dir) => dir !== undefined);
}
