import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { PluginModule } from '../../plugins/pdk.ts';
import { type Connection, type ConnectionEvents, serveConnection } from './connection.ts';
import { createInstances } from './instances.ts';

export interface PluginServer {
  /** Takes no new connection, lets the events under way end (at most `graceMs`), then closes. */
  close(graceMs?: number): Promise<void>;
}

/**
 * Connections that may wait to be taken. A Unix socket refuses the next one at once (EAGAIN, Kong answers 500), and a
 * surge brings more in one moment than Node's own bound of 511. The kernel caps it at net.core.somaxconn.
 */
const BACKLOG = 4_096;

/** How long the events under way may take to end. */
export const CONNECTIONS_GRACE_MS = 15_000;
/** And after them the plugins, to bring what they hold to safety. */
export const PLUGINS_GRACE_MS = 5_000;
/** Before it nobody may kill a plugin server that was asked to end; TimeoutStopSec and stop_grace_period are the same. */
export const STOP_TIMEOUT_MS = 30_000;

/** Serves the plugins on one Unix socket; each is known by its own name. */
export async function startPluginServer(options: {
  socketPath: string;
  plugins: PluginModule[];
  events: ConnectionEvents;
}): Promise<PluginServer> {
  const instances = createInstances(new Map(options.plugins.map((plugin) => [plugin.Name, plugin])));
  const connections = new Set<Connection>();
  const server = createServer((socket) => {
    const connection = serveConnection(socket, instances, options.events);
    connections.add(connection);
    socket.on('close', () => connections.delete(connection));
  });
  // left behind by a process that was killed; a living one would still hold its clients
  rmSync(options.socketPath, { force: true });
  await listen(server, options.socketPath);
  // Kong's workers may be of the group; nobody else is to speak for Kong
  chmodSync(options.socketPath, 0o660);
  return {
    async close(graceMs = CONNECTIONS_GRACE_MS) {
      const closed = new Promise((resolve) => server.close(resolve));
      const deadline = performance.now() + graceMs;
      while ([...connections].some(({ busy }) => busy) && performance.now() < deadline) await delay(20);
      for (const connection of connections) connection.close();
      await closed;
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, backlog: BACKLOG }, resolve);
  });
}
