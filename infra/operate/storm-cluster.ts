import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { migrateAnalytics } from '../../analytics/migrate.ts';
import { LOCAL_AWS } from '../local/local-aws.ts';
import { DATA_DIR } from '../local/paths.ts';
import type { RunInfo } from '../local/run-info.ts';
import { holdLock } from '../local/run-lock.ts';
import { setUp } from '../local/setup.ts';
import { startStormCluster } from '../local/storm/start-cluster.ts';
import { OperatorError } from './errors.ts';
import { type Output, runProgram, terminal } from './run-program.ts';
import { runningStackInfo } from './target.ts';

/** Beside the database that the stack's own topology writes: two topologies must not share checkpoints. */
const CLUSTER_DATABASE = 'analytics_cluster';

interface Options {
  once?: boolean;
  topology?: string;
}

/** `npm run storm:cluster`: ZooKeeper, nimbus and a supervisor on 127.0.0.1, with the topology submitted. */
export function stormClusterProgram(output: Output): Command {
  return new Command('storm:cluster')
    .description(
      'a Storm cluster of real processes on 127.0.0.1, which runs storm/target/topology.jar until Ctrl-C. It reads and writes what the environment names (ANALYTICS_URL, PISTATS_STREAM, AWS_REGION, …), else the stream of the running stack into a database of its own',
    )
    .option('--once', 'end when the topology runs')
    .option('--topology <file>', 'a Flux file instead of storm/topology.yaml')
    .action((options: Options) => runCluster(options, output));
}

async function runCluster(options: Options, output: Output): Promise<void> {
  if (options.topology !== undefined && !existsSync(options.topology))
    throw new OperatorError('file_unreadable', `there is no ${options.topology}.`);
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => interrupted.abort());
  const env = await clusterTarget(process.env);
  await setUp(output.say);
  const unlock = await holdLock(join(DATA_DIR, 'storm-cluster.lock'), (holder) =>
    output.say(`waiting for the cluster that process ${holder} runs here`),
  );
  try {
    const cluster = await startStormCluster({
      dataDir: join(DATA_DIR, 'storm-cluster'),
      env,
      topologyFile: options.topology,
      signal: interrupted.signal,
      say: output.say,
    });
    const database = new URL(env.ANALYTICS_URL).pathname.slice(1);
    output.say(`the topology runs; stream ${env.PISTATS_STREAM}, database ${database}`);
    try {
      if (!options.once) {
        output.say('stays up until Ctrl-C');
        await new Promise((resolve) => {
          if (interrupted.signal.aborted) resolve(undefined);
          interrupted.signal.addEventListener('abort', resolve);
        });
      }
    } finally {
      output.say('stopping every process');
      await cluster.stop();
    }
  } finally {
    unlock();
  }
}

/**
 * The components' environment: what the environment names, or the running stack.
 * @throws StopError when there is neither
 */
async function clusterTarget(
  env: NodeJS.ProcessEnv,
): Promise<Record<string, string | undefined> & { ANALYTICS_URL: string; PISTATS_STREAM: string }> {
  if (env.ANALYTICS_URL)
    return { ANALYTICS_URL: env.ANALYTICS_URL, PISTATS_STREAM: env.PISTATS_STREAM ?? 'pistats-events' };
  const stack = runningStackInfo(env);
  if (!stack)
    throw new OperatorError(
      'no_target',
      'no stream and no database are known: start piStats with "npm start", or set ANALYTICS_URL, PISTATS_STREAM and what the AWS SDK needs.',
    );
  const { adminUrl, kinesisUrl, stream } = stack as RunInfo;
  const url = new URL(adminUrl);
  url.pathname = `/${CLUSTER_DATABASE}`;
  await migrateAnalytics(url.href);
  return {
    ANALYTICS_URL: url.href,
    PISTATS_STREAM: stream,
    ...LOCAL_AWS,
    AWS_ENDPOINT_URL_KINESIS: kinesisUrl,
  };
}

if (import.meta.main) {
  process.exitCode = await runProgram(stormClusterProgram(terminal), process.argv.slice(2), terminal);
  process.exit();
}
