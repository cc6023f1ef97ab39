import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../infra/local/paths.ts';
import { startService } from '../../infra/local/service.ts';
import { run } from './api.ts';

/** What the plugin server says just when a plugin's work is done and its answer is on the way. */
const LAST_WORDS = {
  'lambda-invoke': ['kong.ctx.shared.set', 'pistats_response'],
  'kinesis-forward': ['kong.response.exit'],
};

/**
 * A second gateway over the running stack whose connection to the plugin server is cut once: after the plugin
 * did its work, before the gateway hears of it.
 */
export async function startCuttingGateway(plugin: keyof typeof LAST_WORDS) {
  const dir = mkdtempSync(join(tmpdir(), 'pistats-cut-'));
  const socketPath = join(dir, 'plugins.sock');
  const sockets = new Set<Socket>();
  const state = { cuts: 0 };
  const server = createServer((gateway) => {
    const plugins = connect(run.pluginSocket);
    for (const socket of [gateway, plugins]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        gateway.destroy();
        plugins.destroy();
      });
    }
    gateway.on('data', (chunk) => plugins.write(chunk));
    plugins.on('data', (chunk) => {
      if (state.cuts === 0 && LAST_WORDS[plugin].every((word) => chunk.includes(word))) {
        state.cuts++;
        gateway.destroy();
        plugins.destroy();
      } else gateway.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const service = await startService({
    name: 'cutting-gateway',
    command: process.execPath,
    args: [join(ROOT, 'infra/local/gateway/main.ts'), '--declarative', run.deckFile, '--proxy-port', '0'],
    env: {
      PISTATS_SOCKET: socketPath,
      DECK_REDIS_HOST: '127.0.0.1',
      DECK_REDIS_PORT: new URL(run.redisUrl).port,
    },
    logFile: join(dir, 'gateway.log'),
  });
  return {
    proxyUrl: `http://127.0.0.1:${service.readyLine?.proxyPort}`,
    get cuts() {
      return state.cuts;
    },
    async close() {
      await service.stop();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
