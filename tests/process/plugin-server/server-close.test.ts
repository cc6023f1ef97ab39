import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { startPluginServer } from '../../../kong/plugin-server/server.ts';
import { connectKong } from '../../support/fake-kong.ts';
import { pluginOf, serve, socketDir } from '../../support/server-fixture.ts';

/** A plugin whose event lasts until the test lets it go. */
function held() {
  let letGo = () => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let running = 0;
  const access = async () => {
    running++;
    await gate;
  };
  return { access, letGo: () => letGo(), running: () => running };
}

t.test('close waits for the events under way, and takes no new connection', async (t) => {
  const slow = held();
  const { server, connect, socketPath } = await serve(t, { slow: slow.access });
  const kong = await connect();
  const idle = await connect();
  const id = await kong.start('slow');
  const outcome = kong.event(id);
  await waitUntil('it runs', () => slow.running() === 1, { everyMs: 2 });
  let closed = false;
  const closing = server.close().then(() => {
    closed = true;
  });
  await t.rejects(connectKong(socketPath), { code: /ENOENT|ECONNREFUSED/ });
  t.equal(closed, false);
  slow.letGo();
  t.same(await outcome, { returned: 2 });
  await closing;
  await Promise.all([kong.closed(), idle.closed()]);
  t.notOk(existsSync(socketPath));
});

t.test('close does not wait for ever', async (t) => {
  const slow = held();
  const { server, connect, handled } = await serve(t, { slow: slow.access });
  const kong = await connect();
  const outcome = kong.event(await kong.start('slow'));
  await waitUntil('it runs', () => slow.running() === 1, { everyMs: 2 });
  await server.close(50);
  t.equal(await outcome, 'closed');
  t.equal(handled.length, 0, 'it still ran');
  slow.letGo();
  await waitUntil('its end harms nothing', () => handled.length === 1, { everyMs: 2 });
});

t.test('with nothing under way close is quick, and harmless when repeated', async (t) => {
  const { server, connect } = await serve(t, { quiet: () => undefined });
  const kong = await connect();
  await kong.event(await kong.start('quiet'));
  await server.close();
  await kong.closed();
  await t.resolves(server.close());
});

t.test('a socket left behind by a killed process is replaced', async (t) => {
  const socketPath = join(socketDir(t), 's');
  const before = createServer();
  await new Promise<void>((resolve) => before.listen(socketPath, resolve));
  t.teardown(() => before.close());
  const plugins = [pluginOf('quiet', () => undefined)];
  const events = { pluginError() {}, startError() {}, handled() {} };
  const server = await startPluginServer({ socketPath, plugins, events });
  t.teardown(() => server.close(0));
  const kong = await connectKong(socketPath);
  t.ok(await kong.start('quiet'));
  kong.close();
});

t.test('a socket that can not be made is an error, not silence', async (t) => {
  const options = { plugins: [], events: { pluginError() {}, startError() {}, handled() {} } };
  const socketPath = join(socketDir(t), 'no', 'such', 'folder', 's');
  await t.rejects(startPluginServer({ socketPath, ...options }), { code: /ENOENT|EACCES/ });
});

t.test('an id of one process does not name an instance of another', async (t) => {
  const ids: number[] = [];
  for (let i = 0; i < 3; i++) {
    const { connect } = await serve(t, { quiet: () => undefined });
    ids.push(await (await connect()).start('quiet'));
  }
  t.equal(new Set(ids).size, 3);
});
