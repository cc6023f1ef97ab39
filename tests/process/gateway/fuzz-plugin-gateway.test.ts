import type { Socket } from 'node:net';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { frame } from '../../../kong/plugin-server/frames.ts';
import { ExitArgs, RpcCall, RpcReturn, StringBox } from '../../../kong/protocol/plugin-messages.ts';
import { decodeMessage, encodeMessage, type Json } from '../../../kong/protocol/protobuf.ts';
import { ask, dump, gatewayFor, service } from '../../support/gateway-fixture.ts';
import { rawPluginServer, startedFrame } from './raw-plugin-server.ts';

const BACKSTOP = '{name: request-termination, config: {status_code: 503, message: backstop}}';
const YAML = service(`  routes: [{name: r, paths: ["/"]}]
  plugins: [{name: one}, ${BACKSTOP}]`);

type Write = (socket: Socket, sequence: number) => void;

/** A gateway whose plugin server writes what `script` holds at the time. */
async function setUp(t: Test, { onStart = false, pluginTimeoutMs = 20_000 } = {}) {
  const script: { write: Write } = { write: () => {} };
  const server = await rawPluginServer(t, ({ payload }, socket) => {
    let call: ReturnType<typeof decodeMessage>;
    try {
      call = decodeMessage(RpcCall, payload);
    } catch {
      return; // the answer to a PDK call
    }
    if (call.cmd_start_instance && !onStart) socket.write(startedFrame(payload));
    else if (call.cmd_start_instance || call.cmd_handle_event) script.write(socket, call.sequence as number);
  });
  const { proxyPort } = await gatewayFor(t, YAML, {
    socketPath: server.path,
    dumps: [dump('one', 1000)],
    pluginTimeoutMs,
  });
  const get = async () => (await ask(proxyPort, '/')).status;
  return { script, get };
}

const soundEnd = (sequence: number) =>
  Buffer.concat([frame(''), frame(encodeMessage(RpcReturn, { sequence }))]);
const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((array) => Buffer.from(array));
const frames = fc
  .array(fc.oneof(bytes, fc.constant(Buffer.alloc(0))), { minLength: 1, maxLength: 4 })
  .map((payloads) => Buffer.concat(payloads.map((payload) => frame(payload))));

t.test('whatever the plugin server answers an event, the gateway answers the client', async (t) => {
  // garbage that promises more than it brings is waited for
  const { script, get } = await setUp(t, { pluginTimeoutMs: 100 });
  await fc.assert(
    fc.asyncProperty(fc.oneof(bytes, frames), fc.boolean(), async (garbage, closes) => {
      script.write = (socket) => (closes ? socket.end(garbage) : socket.write(garbage));
      const status = await get();
      if (status !== 500) throw new Error(`answered ${status}`);
    }),
    { numRuns: 120, endOnFailure: true },
  );
  script.write = (socket, sequence) => socket.write(soundEnd(sequence));
  await waitUntil('a sound one is served as ever', async () => (await get()) === 503);
});

t.test('whatever it answers the start of an instance, the client gets 500', async (t) => {
  const { script, get } = await setUp(t, { onStart: true });
  await fc.assert(
    fc.asyncProperty(fc.oneof(bytes, frames), async (garbage) => {
      script.write = (socket) => socket.end(garbage);
      const status = await get();
      if (status !== 500) throw new Error(`answered ${status}`);
    }),
    { numRuns: 100, endOnFailure: true },
  );
  t.equal(await get(), 500);
});

const METHODS = [
  ...[
    'kong.request.get_header',
    'kong.request.get_raw_body',
    'kong.request.get_raw_query',
    'kong.nginx.get_var',
  ],
  ...['kong.client.load_consumer', 'kong.client.authenticate', 'kong.ctx.shared.set', 'kong.ctx.shared.get'],
  ...[
    'kong.response.exit',
    'kong.log.err',
    'kong.log.warn',
    'kong.nginx.req_start_time',
    'kong.router.get_route',
  ],
];

t.test('PDK calls with any arguments end in an answer', async (t) => {
  const { script, get } = await setUp(t);
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...METHODS),
      fc.oneof(bytes, fc.constant(Buffer.alloc(0))),
      async (method, args) => {
        script.write = (socket, sequence) =>
          socket.write(Buffer.concat([frame(method), frame(args), soundEnd(sequence)]));
        const status = await get();
        seen.add(status);
        if (status < 200 || status > 599) throw new Error(`answered ${status}`);
      },
    ),
    { numRuns: 200, endOnFailure: true },
  );
  t.ok(seen.has(500) && seen.has(503), `statuses ${[...seen].sort()}`);
});

const json: fc.Arbitrary<Json> = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;
const anyText = fc.string({ unit: 'binary', maxLength: 12 });

t.test('header names and values that HTTP can not carry: a status, and the gateway goes on', async (t) => {
  const { script, get } = await setUp(t);
  const header = fc.tuple(fc.oneof(anyText, fc.constantFrom('x y', 'x\n', '', ':')), fc.oneof(anyText, json));
  await fc.assert(
    fc.asyncProperty(header, fc.integer({ min: -2, max: 700 }), async ([k, v], status) => {
      const answer = encodeMessage(ExitArgs, { status, headers: { [k]: v } });
      script.write = (socket, sequence) =>
        socket.write(Buffer.concat([frame('kong.response.exit'), frame(answer), soundEnd(sequence)]));
      const got = await get();
      if (![500, status].includes(got)) throw new Error(`answered ${got}`);
    }),
    { numRuns: 200, endOnFailure: true },
  );
  script.write = (socket, sequence) => {
    const body = encodeMessage(ExitArgs, { status: 200, headers: { 'x y': 'z' } });
    socket.write(Buffer.concat([frame('kong.response.exit'), frame(body), soundEnd(sequence)]));
  };
  t.equal(await get(), 500, 'a name that is no token');
});

t.test('an answer in pieces of any size is the answer', async (t) => {
  const { script, get } = await setUp(t);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 20 }), async (sizes) => {
      script.write = async (socket, sequence) => {
        const name = frame(encodeMessage(StringBox, { v: 'x-a' }));
        let rest = Buffer.concat([frame('kong.request.get_header'), name, soundEnd(sequence)]);
        for (const size of sizes) {
          socket.write(rest.subarray(0, size));
          rest = rest.subarray(size);
          await new Promise(setImmediate);
        }
        socket.write(rest);
      };
      const status = await get();
      if (status !== 503) throw new Error(`answered ${status}`);
    }),
    { numRuns: 60, endOnFailure: true },
  );
  t.pass('503 from the plugin behind it every time');
});
