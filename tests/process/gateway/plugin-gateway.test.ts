import t from 'tap';
import { frame } from '../../../kong/plugin-server/frames.ts';
import { RpcCall, RpcReturn } from '../../../kong/protocol/plugin-messages.ts';
import { decodeMessage, encodeMessage } from '../../../kong/protocol/protobuf.ts';
import { ask, dump, gatewayFor } from '../../support/gateway-fixture.ts';
import { framesMissing, readFrames } from '../../support/plugin-frames.ts';
import { afterStart, rawPluginServer } from './raw-plugin-server.ts';

const skip = framesMissing();
/** As the recorded Kong had it: the plugin on a route, with its one setting. */
const GOHELLO = `services:
- name: echo
  url: http://s.invalid
  routes: [{name: go, paths: ["/go"], plugins: [{name: gohello, config: {message: salut}}]}]`;
const DUMP = dump('gohello', 500, [{ message: { type: 'string', default: 'hi' } }]);

interface Call {
  sequence: number;
  cmd_start_instance?: { name: string; config: Buffer };
  cmd_handle_event?: { instance_id: number; event_name: string };
}
const callOf = (payload: Uint8Array) => decodeMessage(RpcCall, payload) as unknown as Call;
const configOf = (call: Call) => JSON.parse(String(call.cmd_start_instance?.config));
/** `name:scope:…` with every id replaced: what is left is the form. */
const formOf = (key: string) => key.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id');

t.test('the gateway sends the recorded plugin what the recorded Kong sent', { skip }, async (t) => {
  const recorded = readFrames();
  const theirs = recorded.filter(({ from }) => from === 'Kong');
  const answers = recorded.filter(({ from }) => from === 'plugin').map(({ payload }) => payload);
  const sequences: number[] = [];
  const server = await rawPluginServer(t, ({ payload }, socket) => {
    if (theirs[server.sent.length - 1]?.isCall) {
      const { sequence, cmd_start_instance } = callOf(payload);
      sequences.push(sequence);
      if (cmd_start_instance) {
        const { instance_status } = decodeMessage(RpcReturn, answers.shift() as Buffer);
        socket.write(frame(encodeMessage(RpcReturn, { sequence, instance_status })));
        return;
      }
    }
    for (const part of answers.splice(0, 2)) socket.write(frame(part));
  });
  const { proxyPort } = await gatewayFor(t, GOHELLO, { socketPath: server.path, dumps: [DUMP] });
  for (let i = 0; i < 2; i++) {
    const answer = await ask(proxyPort, '/go', { headers: { 'x-who': 'bob' } });
    t.equal(answer.status, 200);
    t.equal(answer.headers['content-type'], 'application/json');
    t.equal(answer.body, '{"go":"bob","message":"salut"}');
  }

  t.equal(server.sent.length, theirs.length, 'as many frames');
  for (const [i, their] of theirs.entries()) {
    const ours = server.sent[i]?.payload as Buffer;
    if (!their.isCall) {
      t.equal(ours.toString('hex'), their.payload.toString('hex'), 'the same answer to a PDK call');
      continue;
    }
    const [our, recordedCall] = [callOf(ours), callOf(their.payload)];
    t.same(our.cmd_handle_event, recordedCall.cmd_handle_event);
    t.equal(our.cmd_start_instance?.name, recordedCall.cmd_start_instance?.name);
  }
  const [first = 0] = sequences;
  t.same(sequences, [first, first + 1, first + 2], 'a sequence of its own for every call');
  const connections = server.sent.map(({ connection }) => `conn${connection}`);
  t.same(
    connections,
    theirs.map(({ connection }) => connection),
    'a new connection after each answer',
  );
});

t.test('the configuration carries what the recorded Kong added', { skip }, async (t) => {
  const server = await rawPluginServer(
    t,
    afterStart((sequence, _sent, socket) => {
      socket.write(Buffer.concat([frame(''), frame(encodeMessage(RpcReturn, { sequence }))]));
    }),
  );
  const { proxyPort } = await gatewayFor(t, GOHELLO, { socketPath: server.path, dumps: [DUMP] });
  await ask(proxyPort, '/go');
  const ours = configOf(callOf(server.sent[0]?.payload as Buffer));
  const theirs = configOf(callOf(readFrames()[0]?.payload as Buffer));
  t.same(Object.keys(ours).sort(), Object.keys(theirs).sort());
  t.equal(ours.message, theirs.message);
  t.equal(ours.__ws_id, theirs.__ws_id, 'the default workspace is the same in every Kong without a database');
  t.equal(formOf(ours.__key__), formOf(theirs.__key__));
  t.match(ours.__key__, ours.route_id);
});

t.test('a sequence that is not the one of the call is refused', async (t) => {
  for (const [off, status] of [
    [0, 503],
    [1, 500],
    [-1, 500],
  ] as const) {
    const server = await rawPluginServer(
      t,
      afterStart((sequence, _sent, socket) => {
        const last = encodeMessage(RpcReturn, { sequence: sequence + off });
        socket.write(Buffer.concat([frame(''), frame(last)]));
      }),
    );
    const yaml = `${GOHELLO}\nplugins: [{name: request-termination, config: {status_code: 503}}]`;
    const { proxyPort } = await gatewayFor(t, yaml, { socketPath: server.path, dumps: [DUMP] });
    t.equal((await ask(proxyPort, '/go')).status, status, `off by ${off}`);
  }
});

t.test('what a plugin server writes after its answer is never taken for the next one', async (t) => {
  // a leftover that reads as a whole event: it would answer the next client
  const stray = Buffer.concat([frame('kong.response.exit'), frame(Buffer.from([8, 201, 1]))]);
  for (const when of ['in the same write', 'while the connection is idle'])
    t.test(when, async (t) => {
      const server = await rawPluginServer(
        t,
        afterStart((sequence, _sent, socket) => {
          const last = Buffer.concat([frame(''), frame(encodeMessage(RpcReturn, { sequence }))]);
          if (when === 'in the same write') socket.write(Buffer.concat([last, stray]));
          else socket.write(last, () => socket.write(stray));
        }),
      );
      const yaml = `${GOHELLO}\nplugins: [{name: request-termination, config: {status_code: 503}}]`;
      const { proxyPort } = await gatewayFor(t, yaml, { socketPath: server.path, dumps: [DUMP] });
      for (let i = 0; i < 10; i++) t.equal((await ask(proxyPort, '/go')).status, 503);
    });
});
