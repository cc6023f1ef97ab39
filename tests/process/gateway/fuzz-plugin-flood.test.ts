import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { frame } from '../../../kong/plugin-server/frames.ts';
import { RpcReturn } from '../../../kong/protocol/plugin-messages.ts';
import { encodeMessage } from '../../../kong/protocol/protobuf.ts';
import { ask, dump, gatewayFor, service } from '../../support/gateway-fixture.ts';
import { afterStart, rawPluginServer } from './raw-plugin-server.ts';

const YAML = service(`  routes: [{name: r, paths: ["/"]}]
  plugins: [{name: one}, {name: request-termination, config: {status_code: 503}}]`);
const CHUNK = Buffer.alloc(1024 * 1024, 0xff);
const MOST = 64;

/** Writes as long as the other side takes it, at most `megabytes`; gives how many it took. */
async function flood(socket: Socket, megabytes: number): Promise<number> {
  let written = 0;
  while (written < megabytes) {
    const failed = await new Promise((resolve) => socket.write(CHUNK, resolve));
    if (failed) break;
    written += 1;
  }
  return written;
}

const gatewayAt = (t: Parameters<typeof gatewayFor>[0], socketPath: string) =>
  gatewayFor(t, YAML, { socketPath, dumps: [dump('one', 1000)], pluginTimeoutMs: 20_000 });

t.test('a plugin server that writes without end is hung up on', async (t) => {
  let took: number | undefined;
  const server = await rawPluginServer(
    t,
    afterStart((sequence, _sent, socket) => {
      const last = Buffer.concat([frame(''), frame(encodeMessage(RpcReturn, { sequence }))]);
      socket.write(last, async () => {
        took ??= await flood(socket, 3 * MOST);
      });
    }),
  );
  const { proxyPort } = await gatewayAt(t, server.path);
  t.equal((await ask(proxyPort, '/')).status, 503);
  await waitUntil('the flood has ended', () => took !== undefined);
  t.ok((took as number) < 2 * MOST, `${took} MiB were taken`);
  t.equal((await ask(proxyPort, '/')).status, 503, 'over another connection');
});

t.test('nor may it write without end while a client is slow to send its body', async (t) => {
  let took: number | undefined;
  const server = await rawPluginServer(
    t,
    afterStart(async (_sequence, _sent, socket) => {
      socket.write(Buffer.concat([frame('kong.request.get_raw_body'), frame('')]));
      took = await flood(socket, 3 * MOST);
    }),
  );
  const { proxyPort } = await gatewayAt(t, server.path);
  const client = connect(proxyPort, '127.0.0.1');
  t.teardown(() => client.destroy());
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n');
  await waitUntil('the flood has ended', () => took !== undefined, { everyMs: 5 });
  t.ok((took as number) < 2 * MOST, `${took} MiB were taken`);
  client.write('hello');
  const [answer] = (await once(client, 'data')) as [Buffer];
  t.match(String(answer), /^HTTP\/1\.1 500 /);
});

t.test('a frame of the largest size is read once, not again with every piece', async (t) => {
  const head = Buffer.alloc(4);
  head.writeUInt32LE((MOST - 1) * CHUNK.length);
  const server = await rawPluginServer(
    t,
    afterStart((_sequence, _sent, socket) => {
      socket.write(Buffer.concat([frame('kong.request.get_header'), head]));
      void flood(socket, MOST - 1);
    }),
  );
  const { proxyPort } = await gatewayAt(t, server.path);
  const before = process.cpuUsage();
  t.equal((await ask(proxyPort, '/')).status, 500, 'arguments that are no message');
  const { user, system } = process.cpuUsage(before);
  t.ok(user + system < 3_000_000, `${(user + system) / 1_000} ms of CPU`);
});
