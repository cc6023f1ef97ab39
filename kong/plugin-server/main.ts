import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createFailureLog, framesOf } from '../../contracts/failure-log.ts';
import { counter, histogram } from '../../metrics/registry.ts';
import { PLUGIN_NAMES } from '../../plugins/names.ts';
import type { PluginModule } from '../../plugins/pdk.ts';
import { startMetricsServer } from './metrics-server.ts';
import { PLUGINS_GRACE_MS, startPluginServer } from './server.ts';
import { startWatchdog } from './watchdog.ts';

/** What is left to a plugin that does not come to an end: a disk that hangs must not hold the process. */
const LAST_MS = 1_000;
/**
 * The plugin server. PISTATS_SOCKET: its Unix socket; PISTATS_METRICS_PORT: Prometheus on 127.0.0.1 (0: a free port);
 * PISTATS_PLUGINS_DIR: the compiled plugins, default dist/plugins. SIGTERM: no new work, exit 0 within 21 s.
 */
const socketPath = process.env.PISTATS_SOCKET;
if (!socketPath) {
  process.stderr.write('PISTATS_SOCKET is not set: the path of the Unix socket to serve\n');
  process.exit(2);
}
const dir = process.env.PISTATS_PLUGINS_DIR ?? join(import.meta.dirname, '../../dist/plugins');
const require = createRequire(import.meta.url);
const plugins = PLUGIN_NAMES.map((name) => require(join(dir, `${name}.cjs`)) as PluginModule);

try {
  for (const plugin of plugins) plugin.open?.();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(2);
}

const report = createFailureLog({
  service: 'plugin-server',
  write: (line) => void process.stderr.write(`${line}\n`),
});
const failures = counter('pistats_plugin_failures_total', 'Requests answered 503 because a plugin threw', [
  'plugin',
]);
const startFailures = counter(
  'pistats_plugin_start_failures_total',
  'Plugin instances that refused their configuration; Kong answers 500',
  ['plugin'],
);
const roundTrips = histogram(
  'pistats_pdk_round_trips',
  'Round trips to Kong an event took; calls written together count once',
  ['plugin'],
  [0, 1, 2, 3, 4, 5, 7, 10],
);
const server = await startPluginServer({
  socketPath,
  plugins,
  events: {
    pluginError(plugin, error) {
      failures.inc({ plugin });
      report('plugin_failed', error, () => ({ plugin, frames: framesOf(error) }));
    },
    startError(plugin, error) {
      startFailures.inc({ plugin });
      // an error of our own says what is wrong; another's could quote the configuration
      const { name, message } = error as Error;
      report('plugin_not_started', error, () => ({ plugin, reason: name === 'Error' ? message : undefined }));
    },
    handled(plugin, count) {
      roundTrips.observe({ plugin }, count);
    },
  },
});
const watchdog = startWatchdog(socketPath);
const metricsPort = await startMetricsServer(Number(process.env.PISTATS_METRICS_PORT ?? 0));
process.stdout.write(`${JSON.stringify({ ready: true, socket: socketPath, metricsPort })}\n`);

/** Takes CONNECTIONS_GRACE_MS, PLUGINS_GRACE_MS and LAST_MS at most; a supervisor allows more (STOP_TIMEOUT_MS). */
async function stop(): Promise<void> {
  watchdog.stop();
  await server.close();
  const closing = Promise.all(plugins.map((plugin) => plugin.close?.(PLUGINS_GRACE_MS)));
  const late = delay(PLUGINS_GRACE_MS + LAST_MS).then(() => Promise.reject(new Error('not in time')));
  await Promise.race([closing, late]).catch((error: Error) => {
    process.stderr.write(`a plugin did not come to an end: ${error.message}\n`);
    process.exit(1);
  });
  process.exit(0);
}

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    void stop();
  });
