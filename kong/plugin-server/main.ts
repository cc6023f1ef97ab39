import { createRequire } from 'node:module';
import { join } from 'node:path';
import { counter, histogram } from '../../plugins/metrics.ts';
import type { PluginModule } from '../../plugins/pdk.ts';
import { startMetricsServer } from './metrics-server.ts';
import { startPluginServer } from './server.ts';
import { startWatchdog } from './watchdog.ts';

/**
 * The plugin server. PISTATS_SOCKET: its Unix socket; PISTATS_METRICS_PORT: Prometheus on 127.0.0.1 (0: a free port);
 * PISTATS_PLUGINS_DIR: the compiled plugins, default dist/plugins.
 */
const NAMES = ['client-auth', 'lambda-invoke', 'kinesis-forward'];
const socketPath = process.env.PISTATS_SOCKET;
if (!socketPath) {
  process.stderr.write('PISTATS_SOCKET is not set: the path of the Unix socket to serve\n');
  process.exit(2);
}
const dir = process.env.PISTATS_PLUGINS_DIR ?? join(import.meta.dirname, '../../dist/plugins');
const require = createRequire(import.meta.url);
const plugins = NAMES.map((name) => require(join(dir, `${name}.cjs`)) as PluginModule);

const failures = counter('pistats_plugin_failures_total', 'Requests answered 503 because a plugin threw', [
  'plugin',
]);
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
      // the stack names our own code; the message could carry what a client sent
      const { name, stack = '' } = error instanceof Error ? error : { name: typeof error };
      const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
      process.stderr.write(`${plugin} threw ${name}\n${frames.join('\n')}\n`);
    },
    handled(plugin, count) {
      roundTrips.observe({ plugin }, count);
    },
  },
});
const watchdog = startWatchdog(socketPath);
const metricsPort = await startMetricsServer(Number(process.env.PISTATS_METRICS_PORT ?? 0));
process.stdout.write(`${JSON.stringify({ ready: true, socket: socketPath, metricsPort })}\n`);

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    watchdog.stop();
    void server.close().then(() => process.exit(0));
  });
