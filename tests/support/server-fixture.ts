import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PluginServer, startPluginServer } from '../../kong/plugin-server/server.ts';
import type { Kong, PluginModule } from '../../plugins/pdk.ts';
import { connectKong, type FakeKong } from './fake-kong.ts';

type Access = (kong: Kong, config: Record<string, unknown>) => Promise<unknown> | unknown;

/** A plugin whose access phase is a function. */
export function pluginOf(Name: string, access: Access): PluginModule {
  class Plugin {
    #config: Record<string, unknown>;
    constructor(config: Record<string, unknown>) {
      if (config.refused) throw new TypeError('refused');
      this.#config = config;
    }
    async access(kong: Kong): Promise<void> {
      await access(kong, this.#config);
    }
  }
  return { Plugin: Plugin as PluginModule['Plugin'], Name, Version: '1.0.0', Priority: 1, Schema: [] };
}

export interface Serving {
  server: PluginServer;
  socketPath: string;
  startErrors: { plugin: string; error: unknown }[];
  errors: { plugin: string; error: unknown }[];
  handled: { plugin: string; roundTrips: number }[];
  connect(): Promise<FakeKong>;
}

interface Test {
  teardown(run: () => unknown): void;
}

/** A socket's path is bounded to 107 bytes, which a folder named after the test would pass. */
export function socketDir(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'ps-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** The plugin server on a socket of its own. */
export async function serve(t: Test, plugins: Record<string, Access>): Promise<Serving> {
  const errors: Serving['errors'] = [];
  const startErrors: Serving['errors'] = [];
  const handled: Serving['handled'] = [];
  const socketPath = join(socketDir(t), 's');
  const server = await startPluginServer({
    socketPath,
    plugins: Object.entries(plugins).map(([name, access]) => pluginOf(name, access)),
    events: {
      pluginError: (plugin, error) => void errors.push({ plugin, error }),
      startError: (plugin, error) => void startErrors.push({ plugin, error }),
      handled: (plugin, roundTrips) => void handled.push({ plugin, roundTrips }),
    },
  });
  const kongs: FakeKong[] = [];
  t.teardown(async () => {
    for (const kong of kongs) kong.close();
    await server.close(0);
  });
  return {
    server,
    socketPath,
    errors,
    startErrors,
    handled,
    async connect() {
      const kong = await connectKong(socketPath);
      kongs.push(kong);
      return kong;
    },
  };
}
