import { readdirSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import t from 'tap';
import { type BoltOutput, runBolt, type Tuple } from '../../../storm/multilang/bolt.ts';
import { openChannel } from '../../../storm/multilang/channel.ts';
import { runSpout, type SpoutOutput } from '../../../storm/multilang/spout.ts';

/** The JVM's side of the pipes. */
function storm(t: { testdir(): string }) {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const exits: number[] = [];
  const received: Record<string, unknown>[] = [];
  const pidDir = t.testdir();
  openChannel({ stdin: stdout, stdout: new PassThrough(), pid: 0, exit: () => {} }, (message) =>
    received.push(message as Record<string, unknown>),
  );
  return {
    stdio: { stdin, stdout, pid: 4711, exit: (code: number) => void exits.push(code) },
    pidDir,
    received,
    exits,
    send: (message: unknown) => stdin.write(`${JSON.stringify(message)}\nend\n`),
    handshake: () =>
      stdin.write(
        `${JSON.stringify({ conf: {}, pidDir, context: { taskid: 3, componentid: 'x', 'task->component': {} } })}\nend\n`,
      ),
    end: () => stdin.end(),
    async until(count: number) {
      while (received.length < count) await new Promise((resolve) => setImmediate(resolve));
      return received;
    },
  };
}

async function happened(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

const tuple = (id: string, changes: Partial<Tuple> = {}): Tuple => ({
  id,
  comp: 'kinesis',
  stream: 'default',
  task: 3,
  tuple: ['x'],
  ...changes,
});

t.test('messages arrive whole however the pipe cuts them', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ text: fc.string({ unit: 'grapheme' }), n: fc.integer() }), {
        minLength: 1,
        maxLength: 5,
      }),
      fc.array(fc.nat(40), { maxLength: 30 }),
      async (messages, cuts) => {
        const stdin = new PassThrough();
        const received: unknown[] = [];
        openChannel({ stdin, stdout: new PassThrough(), pid: 0, exit: () => {} }, (m) => received.push(m));
        let bytes = Buffer.from(messages.map((message) => `${JSON.stringify(message)}\nend\n`).join(''));
        for (const cut of cuts) {
          stdin.write(bytes.subarray(0, cut));
          bytes = bytes.subarray(cut);
        }
        stdin.end(bytes);
        await new Promise((resolve) => stdin.on('end', resolve));
        t.same(received, messages);
      },
    ),
    { numRuns: 100 },
  );
});

t.test('U+007F is written as an escape: Storm would leave it out', async (t) => {
  const stdout = new PassThrough();
  const channel = openChannel({ stdin: new PassThrough(), stdout, pid: 0, exit: () => {} }, () => {});
  channel.send({ text: 'a\u007fb' });
  channel.flush();
  t.equal(String(stdout.read()), '{"text":"a\\u007fb"}\nend\n');
});

t.test('a line "end" inside a string is no end', async (t) => {
  const jvm = storm(t);
  const seen: unknown[] = [];
  runBolt(() => ({ process: ({ tuple }) => void seen.push(tuple[0]) }), jvm.stdio);
  jvm.handshake();
  jvm.send(tuple('1', { tuple: ['a\nend\nb'] }));
  await happened(() => seen.length > 0);
  t.same(seen, ['a\nend\nb']);
});

t.test('a bolt answers the handshake with its pid file made', async (t) => {
  const jvm = storm(t);
  runBolt(() => ({ process: () => {} }), jvm.stdio);
  jvm.handshake();
  t.same(await jvm.until(1), [{ pid: 4711 }]);
  t.same(readdirSync(jvm.pidDir), ['4711']);
});

t.test('heartbeats are answered and tuples wait while a bolt still prepares', async (t) => {
  const jvm = storm(t);
  let prepared = () => {};
  const seen: string[] = [];
  runBolt(
    (_handshake, output) =>
      new Promise((resolve) => {
        prepared = () =>
          resolve({
            process: ({ id }) => {
              seen.push(id);
              output.ack(id);
            },
          });
      }),
    jvm.stdio,
  );
  jvm.handshake();
  jvm.send(tuple('1'));
  jvm.send(tuple('h', { stream: '__heartbeat' }));
  t.same((await jvm.until(2))[1], { command: 'sync' });
  t.same(seen, []);
  prepared();
  t.same((await jvm.until(3))[2], { command: 'ack', id: '1' });
});

t.test('a tick is acked, a throw fails its tuple alone, task ids are passed over', async (t) => {
  const jvm = storm(t);
  const process = (output: BoltOutput) => (tuple: Tuple) => {
    if (tuple.id === 'bad') throw new TypeError('quotes a body');
    output.emit(['y'], [tuple.id]);
    output.ack(tuple.id);
  };
  runBolt((_handshake, output) => ({ process: process(output) }), jvm.stdio);
  jvm.handshake();
  jvm.send(tuple('tick', { task: -1, stream: '__tick' }));
  jvm.send(tuple('bad'));
  jvm.send([7]);
  jvm.send(tuple('good'));
  const [, ...messages] = await jvm.until(6);
  t.match(messages, [
    { command: 'ack', id: 'tick' },
    { command: 'log', level: 4, msg: /"tuple_not_processed".*"cause":"TypeError".*multilang.test/ },
    { command: 'fail', id: 'bad' },
    { command: 'emit', anchors: ['good'], tuple: ['y'], need_task_ids: false },
    { command: 'ack', id: 'good' },
  ]);
  t.notMatch(JSON.stringify(messages), /quotes a body/);
});

t.test('a bolt that can not be prepared says so and ends', async (t) => {
  const jvm = storm(t);
  runBolt(
    () => Promise.reject(Object.assign(new Error('of postgres://u:secret@h/d'), { code: '28P01' })),
    jvm.stdio,
  );
  jvm.handshake();
  t.match((await jvm.until(2))[1], { command: 'error', msg: /"prepare_failed".*"cause":"28P01"/ });
  t.notMatch(JSON.stringify(jvm.received), /secret/);
  t.same(jvm.exits, [1]);
});

t.test('the end of stdin ends the process', async (t) => {
  const jvm = storm(t);
  runBolt(() => ({ process: () => {} }), jvm.stdio);
  jvm.end();
  await happened(() => jvm.exits.length > 0);
  t.same(jvm.exits, [0]);
});

t.test('a spout answers every command with sync, its logs before it', async (t) => {
  const jvm = storm(t);
  const calls: string[] = [];
  const open = (_handshake: unknown, output: SpoutOutput) => ({
    nextTuple: () => {
      output.emit(['v'], 'm1');
      output.log('emitted');
    },
    ack: (id: string) => void calls.push(`ack ${id}`),
    fail: (id: string) => void calls.push(`fail ${id}`),
    activate: () => void calls.push('activate'),
    deactivate: () => void calls.push('deactivate'),
  });
  runSpout(open, jvm.stdio);
  jvm.handshake();
  await jvm.until(1);
  // open() is through: it waits for nothing
  await turn();
  for (const command of ['activate', 'next', 'deactivate']) jvm.send({ command });
  for (const command of ['ack', 'fail']) jvm.send({ command, id: 'm1' });
  const [, ...messages] = await jvm.until(8);
  t.match(messages, [
    { command: 'sync' },
    { command: 'emit', id: 'm1', tuple: ['v'] },
    { command: 'log', msg: 'emitted' },
    { command: 'sync' },
    { command: 'sync' },
    { command: 'sync' },
    { command: 'sync' },
  ]);
  t.same(calls, ['activate', 'deactivate', 'ack m1', 'fail m1']);
});

t.test('a spout that still opens answers next with nothing, and keeps a deactivate', async (t) => {
  const jvm = storm(t);
  const calls: string[] = [];
  let opened = () => {};
  const spout = {
    nextTuple: () => void calls.push('next'),
    ack: () => {},
    fail: () => {},
    activate: () => void calls.push('activate'),
    deactivate: () => void calls.push('deactivate'),
  };
  runSpout(() => new Promise((resolve) => (opened = () => resolve(spout))), jvm.stdio);
  jvm.handshake();
  for (const command of ['activate', 'next', 'deactivate']) jvm.send({ command });
  await jvm.until(4);
  t.same(calls, []);
  opened();
  await happened(() => calls.length > 0);
  t.same(calls, ['deactivate']);
});
