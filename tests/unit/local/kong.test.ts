import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { freePort } from '../../../infra/local/free-port.ts';
import { declarativeConfig, kongEnvironment, requireKong, startKong } from '../../../infra/local/kong.ts';
import { ROOT } from '../../../infra/local/paths.ts';
import { tempDir } from '../../support/temp-dir.ts';

const DECK = join(ROOT, 'deck.yaml');
const deckEnv = { DECK_REDIS_HOST: '127.0.0.1', DECK_REDIS_PORT: '6390' };

t.test("Kong reads our deck.yaml without decK's own part, and with the environment filled in", async (t) => {
  const text = declarativeConfig(readFileSync(DECK, 'utf8'), deckEnv);
  t.notMatch(text, /\$\{\{|_info/);
  const config = parse(text) as { _format_version: string; services: { plugins: object[] }[] };
  t.equal(config._format_version, '3.0');
  t.match(JSON.stringify(config), '"redis":{"host":"127.0.0.1","port":6390');
  t.throws(() => declarativeConfig(readFileSync(DECK, 'utf8'), {}), /DECK_REDIS_HOST/);
});

t.test("the settings are those of kong.env, with this checkout's dumps and the stack's socket", async (t) => {
  const env = kongEnvironment(readFileSync(join(ROOT, 'kong/kong.env'), 'utf8'), '/tmp/x/plugins.sock');
  t.equal(env.KONG_PLUGINSERVER_CLIENT_AUTH_SOCKET, '/tmp/x/plugins.sock');
  t.equal(
    env.KONG_PLUGINSERVER_LAMBDA_INVOKE_QUERY_CMD,
    `cat ${join(ROOT, 'dist/plugins/dumps/lambda-invoke.json')}`,
  );
  t.equal(env.KONG_NGINX_HTTP_CLIENT_BODY_BUFFER_SIZE, '512k');
  t.match(env.KONG_NGINX_HTTP_LOG_FORMAT, /^pistats '\$remote_addr/);
});

t.test('no Kong: one sentence that says what to do, and exit code 2', async (t) => {
  t.throws(() => requireKong({ KONG_BIN: '/nowhere/kong' }), { exitCode: 2, message: /KONG_BIN names/ });
  t.equal(requireKong({ KONG_BIN: process.execPath }), process.execPath);
});

/** Stands for the kong command: it writes down what it was started with and answers on the status port. */
const FAKE = `#!${process.execPath}
const { createServer } = require('node:http');
const { writeFileSync } = require('node:fs');
const { KONG_PREFIX, KONG_STATUS_LISTEN, KONG_DECLARATIVE_CONFIG } = process.env;
writeFileSync(KONG_PREFIX + '/seen.json', JSON.stringify({ args: process.argv.slice(2), env: process.env }));
if (process.env.BROKEN) { console.error('Error: in services: unknown field'); process.exit(1); }
createServer((req, res) => res.end('{}')).listen(KONG_STATUS_LISTEN.split(':')[1], '127.0.0.1');
`;

t.test('it is started without a database, on loopback only, and waited for', async (t) => {
  const dir = tempDir(t);
  const binary = join(dir, 'kong.cjs');
  writeFileSync(binary, FAKE, { mode: 0o755 });
  const [proxyPort, adminPort, statusPort] = [await freePort(), await freePort(), await freePort()];
  const options = { binary, prefix: join(dir, 'prefix'), deckFile: DECK, deckEnv, socket: '/tmp/s' };
  const ports = { proxyPort, adminPort, statusPort };
  const service = await startKong({ ...options, ...ports, logFile: join(dir, 'kong.log') });
  const { args, env } = JSON.parse(readFileSync(join(dir, 'prefix/seen.json'), 'utf8'));
  t.same(args, ['start']);
  t.match(env, {
    KONG_DATABASE: 'off',
    KONG_PROXY_LISTEN: `127.0.0.1:${proxyPort}`,
    KONG_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
    KONG_STATUS_LISTEN: `127.0.0.1:${statusPort}`,
    KONG_NGINX_DAEMON: 'off',
    KONG_TRUSTED_IPS: '127.0.0.1',
  });
  t.match(readFileSync(env.KONG_DECLARATIVE_CONFIG, 'utf8'), /username: demo-news/);
  await service.stop();
  await t.rejects(fetch(`http://127.0.0.1:${statusPort}/status/ready`));

  process.env.BROKEN = '1';
  t.teardown(() => delete process.env.BROKEN);
  await t.rejects(startKong({ ...options, ...ports, logFile: join(dir, 'broken.log') }), {
    message: /gateway did not start .*unknown field/,
  });
});
