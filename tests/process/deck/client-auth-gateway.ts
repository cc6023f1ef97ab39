import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { GatewayOptions } from '../../../infra/local/gateway/gateway.ts';
import { startPluginServer } from '../../../kong/plugin-server/server.ts';
import type { PluginModule } from '../../../plugins/pdk.ts';
import { syncedGateway } from '../../support/admin-fixture.ts';
import { socketDir } from '../../support/server-fixture.ts';

const DIST = join(import.meta.dirname, '../../../dist/plugins');
const clientAuth = createRequire(import.meta.url)(join(DIST, 'client-auth.cjs')) as PluginModule;
const dump = JSON.parse(readFileSync(join(DIST, 'dumps/client-auth.json'), 'utf8')) as object;

/** A gateway that waits to be synced, with the real plugin server behind it. */
export async function gatewayWithClientAuth(t: Test, options: Partial<GatewayOptions> = {}) {
  const socketPath = join(socketDir(t), 'plugins.sock');
  const events = {
    pluginError: (_plugin: string, error: unknown) => t.error(error),
    startError: () => {},
    handled: () => {},
  };
  const server = await startPluginServer({ socketPath, plugins: [clientAuth], events });
  const synced = await syncedGateway(t, { ...options, dumps: [dump], socketPath });
  t.teardown(() => server.close());
  return synced;
}
