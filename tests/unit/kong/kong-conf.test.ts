import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { MAX_EVENTS_BODY_BYTES } from '../../../contracts/http.ts';
import { PLUGIN_NAMES } from '../../../plugins/names.ts';

const ROOT = join(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const settings = (text: string, separator: string) =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#'))
      .map((line) => [
        line.slice(0, line.indexOf(separator)).trim(),
        line.slice(line.indexOf(separator) + separator.length).trim(),
      ]),
  );
const conf = settings(read('kong/kong.conf'), ' = ');
const bytes = (size = '') =>
  Number.parseInt(size, 10) * ({ k: 1024, m: 1024 ** 2 }[size.at(-1)?.toLowerCase() ?? ''] ?? 1);

t.test('kong.env says the same as kong.conf', async (t) => {
  const expected = Object.fromEntries(
    Object.entries(conf).map(([name, value]) => [`KONG_${name.toUpperCase()}`, value]),
  );
  t.same(settings(read('kong/kong.env'), '='), expected);
});

t.test('three plugin servers on one socket, found by their dumps, none started by Kong', async (t) => {
  t.same(conf.pluginserver_names?.split(','), PLUGIN_NAMES);
  t.same(conf.plugins?.split(','), ['bundled', ...PLUGIN_NAMES]);
  const name = (plugin: string, setting: string) =>
    conf[`pluginserver_${plugin.replaceAll('-', '_')}_${setting}`];
  t.equal(new Set(PLUGIN_NAMES.map((plugin) => name(plugin, 'socket'))).size, 1);
  for (const plugin of PLUGIN_NAMES) {
    t.match(name(plugin, 'query_cmd'), new RegExp(`^cat /\\S+/${plugin}\\.json$`));
    t.equal(name(plugin, 'start_cmd'), undefined);
  }
});

t.test("the limits are those of deck.yaml's routes", async (t) => {
  const deck = parse(read('deck.yaml')) as {
    services: { routes: { plugins?: { config: { deadline_ms?: number } }[] }[] }[];
  };
  const deadlines = deck.services.flatMap(({ routes }) =>
    routes.flatMap(({ plugins = [] }) => plugins.map(({ config }) => config.deadline_ms ?? 0)),
  );
  const timeout = Number.parseInt(conf.nginx_proxy_lua_socket_read_timeout ?? '', 10) * 1_000;
  t.equal(timeout, Math.max(...deadlines) + 1_000, 'a plugin server that hangs: the deadline and one second');
  t.ok(bytes(conf.nginx_http_client_body_buffer_size) >= MAX_EVENTS_BODY_BYTES);
  t.ok(
    bytes(conf.nginx_http_client_max_body_size) > MAX_EVENTS_BODY_BYTES,
    "a body past its route's limit gets that route's 413",
  );
});

t.test('the Admin API is on loopback, the log without keys, and no password in the file', async (t) => {
  t.match(conf.admin_listen, /^127\.0\.0\.1:\d+$/);
  t.match(conf.status_listen, /^127\.0\.0\.1:\d+$/);
  const [format = '', ...fields] = conf.nginx_http_log_format?.split(' ') ?? [];
  t.ok(conf.proxy_access_log?.endsWith(` ${format}`));
  t.notMatch(fields.join(' '), /\$http_|\$args|\$request_uri|\$request[^_]|\$request_body|\$arg_/);
  t.notMatch(read('kong/kong.conf'), /^[^#]*password/m);
  t.notMatch(conf.trusted_ips, /0\.0\.0\.0\/0|::\/0/);
});

t.test(
  'compose.yaml: the stock image of that Kong, the settings file, one folder for the socket',
  async (t) => {
    const { services, volumes } = parse(read('kong/compose.yaml'), { merge: true }) as {
      services: Record<
        string,
        { image?: string; env_file?: string[]; volumes?: string[]; ports?: string[]; depends_on?: object }
      >;
      volumes: object;
    };
    t.match(services.kong?.image, /^kong:3\.9\.\d+$/);
    t.same(services.kong?.env_file, ['kong.env']);
    const socketFolder = conf.pluginserver_client_auth_socket?.replace(/\/[^/]+$/, '');
    for (const name of ['kong', 'plugin-server'])
      t.ok(services[name]?.volumes?.includes(`sockets:${socketFolder}`), name);
    for (const { volumes: mounts = [] } of Object.values(services))
      for (const mount of mounts) t.ok((mount.split(':')[0] as string) in volumes, mount);
    for (const { depends_on = {} } of Object.values(services))
      for (const name of Object.keys(depends_on)) t.ok(name in services, name);
    t.ok(services.kong?.ports?.includes('127.0.0.1:8001:8001'), 'the Admin API stays on the machine');
  },
);

t.test('Dockerfile and unit serve the socket and the dumps that kong.conf names', async (t) => {
  const dumps = conf.pluginserver_client_auth_query_cmd?.replace(/^cat |\/dumps\/.*$/g, '');
  for (const file of ['kong/Dockerfile', 'kong/pistats-plugin-server.service']) {
    t.match(read(file), `PISTATS_SOCKET=${conf.pluginserver_client_auth_socket}`, file);
    t.match(read(file), `PISTATS_PLUGINS_DIR=${dumps}`, file);
  }
  const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: { node: string } };
  t.match(read('kong/Dockerfile'), `FROM node:${devDependencies.node}-`, 'the Node that is tested');
});
