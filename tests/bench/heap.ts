import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guard } from '../../infra/local/spawn-guarded.ts';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { FrameReader, frame } from '../../kong/plugin-server/frames.ts';
import { RawBody, RpcCall, StringBox } from '../../kong/protocol/plugin-messages.ts';
import { encodeMessage } from '../../kong/protocol/protobuf.ts';
import { connectKong } from '../support/fake-kong.ts';
import { barRow, type Row } from './rows.ts';

/** Bytes after a collection. Buffers are outside the heap, in `external`. */
export interface Memory {
  heapUsed: number;
  external: number;
  rss: number;
}
export interface HeapRun {
  /** bytes by which heap and buffers grew between the two readings */
  growth: number;
  before: Memory;
  after: Memory;
  seconds: number;
}

const PLUGIN_SERVER = join(import.meta.dirname, '../../kong/plugin-server/main.ts');
const PROBE = join(import.meta.dirname, 'heap-probe.ts');
/** Connections at a time, as nginx workers would have them. */
const CONCURRENCY = 16;
/** Every so many requests one brings a body of the largest size that a route takes. */
const BODY_EVERY = 250;
const BODY = Buffer.from(JSON.stringify({ events: [], padding: 'x'.repeat(512 * 1024 - 32) }));

const nil = frame('');
const AUTH = { kind: 'pk', cache_ttl_ms: 1_000, cache_size: 10_000, rate: 0, burst: 1, max_senders: 1 };
/** A route whose requests carry the key in a header, and one that looks into the body for it. */
const ROUTES = {
  header: { config: { ...AUTH, key_in_body: false }, calls: 2, answers: Buffer.concat([nil, nil]) },
  body: {
    config: { ...AUTH, key_in_body: true },
    calls: 4,
    answers: Buffer.concat([
      nil,
      nil,
      frame(encodeMessage(StringBox, { v: 'text/plain' })),
      frame(encodeMessage(RawBody, { content: BODY })),
    ]),
  },
};

/** One request without a key: the plugin asks, hears, and answers 401; then Kong drops the connection. */
function request(socketPath: string, handleEvent: Buffer, calls: number, answers: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const reader = new FrameReader(64 * 1024);
    let frames = 0;
    const socket = connect(socketPath, () => socket.write(handleEvent));
    const ended = () => reject(new Error(`the plugin server hung up after ${frames} frames`));
    socket.on('error', reject);
    socket.on('close', ended);
    socket.on('data', (chunk: Buffer) => {
      const before = frames;
      frames += reader.push(chunk).length;
      // a method and its arguments are two frames; the last call is kong.response.exit
      if (before < calls * 2 && frames >= calls * 2) socket.write(answers);
      if (frames < calls * 2 + 2) return;
      socket.off('close', ended);
      socket.destroy();
      resolve();
    });
  });
}

async function measure(server: ChildProcess): Promise<Memory> {
  server.send('measure');
  const [memory] = (await once(server, 'message')) as [Memory];
  return memory;
}

/** The built plugins in a plugin server of its own process; heap after the first `from` requests and after all. */
export async function measureHeap({ from, requests }: { from: number; requests: number }): Promise<HeapRun> {
  const dir = mkdtempSync(join(tmpdir(), 'heap-'));
  const socketPath = join(dir, 's');
  const server = guard(
    'plugin-server',
    fork(PLUGIN_SERVER, {
      execArgv: ['--expose-gc', '--import', PROBE],
      env: { PATH: process.env.PATH, PISTATS_SOCKET: socketPath },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  );
  const over = once(server, 'exit');
  try {
    await waitUntil('the plugin server listens', () => existsSync(socketPath), { everyMs: 20 });
    const kong = await connectKong(socketPath);
    const kinds = await Promise.all(
      Object.values(ROUTES).map(async ({ config, calls, answers }) => {
        const instance_id = await kong.start('client-auth', config);
        const cmd_handle_event = { instance_id, event_name: 'access' };
        const event = frame(encodeMessage(RpcCall, { sequence: 1, cmd_handle_event }));
        return () => request(socketPath, event, calls, answers);
      }),
    );
    kong.close();
    const [withHeader, withBody] = kinds as [() => Promise<void>, () => Promise<void>];
    let sent = 0;
    const sendUntil = async (count: number) => {
      const lane = async () => {
        while (sent < count) {
          sent++;
          await (sent % BODY_EVERY === 0 ? withBody : withHeader)();
        }
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, lane));
    };
    const started = performance.now();
    await sendUntil(from);
    const before = await measure(server);
    await sendUntil(requests);
    const after = await measure(server);
    const growth = after.heapUsed + after.external - before.heapUsed - before.external;
    return { growth, before, after, seconds: (performance.now() - started) / 1_000 };
  } finally {
    server.kill('SIGKILL');
    await over;
    rmSync(dir, { recursive: true, force: true });
  }
}

const BAR_MB = 5;
const REQUESTS = 500_000;
const megabytes = (bytes: number) => bytes / 1024 / 1024;

/** What the plugin server still holds after half a million requests, against after the first tenth of them. */
export async function benchHeap(say: (line: string) => void): Promise<Row[]> {
  say(`heap: ${REQUESTS} requests to a plugin server`);
  const { growth, before, after, seconds } = await measureHeap({ from: REQUESTS / 10, requests: REQUESTS });
  const list = ({ heapUsed, external, rss }: Memory) =>
    [heapUsed, external, rss].map((bytes) => megabytes(bytes).toFixed(1)).join('/');
  return [
    barRow(
      `plugin server over ${REQUESTS} requests: growth of heap and buffers`,
      megabytes(growth),
      'MB',
      { atMost: BAR_MB },
      `heap/external/RSS after ${REQUESTS / 10} requests ${list(before)}, after all ${list(after)} MB; ${seconds.toFixed(0)} s`,
    ),
  ];
}
