import { type Handler, startFakePluginServer } from './fake-plugin-server.ts';
import { type Ask, ask, dump, gatewayFor, service } from './gateway-fixture.ts';

export const CONSUMER = 'cb136aab-520a-590a-b84d-638b865b60a1';
export const CONSUMERS = `consumers: [{username: acme, id: ${CONSUMER}, custom_id: c1, tags: [a, b]}]\n`;
export const BACKSTOP = '{name: request-termination, config: {status_code: 503, message: backstop}}';

/** A gateway with the plugin `one` on every path, driven by the handler. */
export async function setUp(
  t: Parameters<typeof gatewayFor>[0],
  handler: Handler,
  { chunk, timeoutMs, config = '' }: { chunk?: number; timeoutMs?: number; config?: string } = {},
) {
  const server = await startFakePluginServer({ one: handler }, { chunk });
  t.teardown(() => server.close());
  const gateway = await gatewayFor(
    t,
    CONSUMERS +
      service(`  routes: [{name: r, paths: ["/"]}]
  plugins: [{name: one, config: {${config}}}, ${BACKSTOP}]`),
    {
      socketPath: server.path,
      pluginTimeoutMs: timeoutMs,
      dumps: [dump('one', 1000, [{ size: { type: 'integer', default: 7 } }, { name: { type: 'string' } }])],
    },
  );
  return { server, gateway, get: (path = '/', options?: Ask) => ask(gateway.proxyPort, path, options) };
}
