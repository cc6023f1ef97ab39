import fs from 'node:fs';
import type { Fact } from '../../contracts/cloud-event.ts';
import type { StampedEvent } from '../../contracts/stamped-event.ts';
import { waitUntil } from '../../infra/local/wait-until.ts';
import type { Bounds } from '../../stream/admission.ts';
import type { Payload } from '../../stream/put-records.ts';
import type { JournalFs } from '../../stream/spool/journal.ts';
import type { Owner } from '../../stream/spool/owner.ts';
import { readSpool } from '../../stream/spool/read-spool.ts';
import { readTallies } from '../../stream/spool/read-tallies.ts';
import { openSpool, type Spool } from '../../stream/spool/spool.ts';
import { createStamper } from '../../stream/stamp.ts';
import { createStreamWriter, type StreamWriter } from '../../stream/stream-writer.ts';

const STREAM = 'stream';
/** No process has it: above the kernel's largest pid. */
export const DEAD: Owner = { pid: 2 ** 30, start: '1' };

/** Which of a call's records are taken; 'hang': no answer until the call's time is over. */
type Answer = boolean[] | 'fail' | 'hang';

export interface FakeKinesis {
  answer: (stamps: string[]) => Answer | Promise<Answer>;
  /** of every call the stamps, `<boot> <n>`, of its records' events */
  calls: string[][];
  /** how often each stamp was taken */
  taken: Map<string, number>;
  put(records: Payload[], timeoutMs: number): Promise<boolean[]>;
}

export const takesAll = (stamps: string[]): Answer => stamps.map(() => true);

export function fakeKinesis(answer: FakeKinesis['answer'] = takesAll): FakeKinesis {
  const kinesis: FakeKinesis = {
    answer,
    calls: [],
    taken: new Map(),
    async put(records, timeoutMs) {
      const stamps = records.map(({ data }) => {
        const [event] = JSON.parse(data.toString()) as StampedEvent[];
        return `${event?.boot} ${event?.n}`;
      });
      kinesis.calls.push(stamps);
      const outcome = await kinesis.answer(stamps);
      if (outcome === 'hang') await new Promise((resolve) => setTimeout(resolve, timeoutMs));
      if (!Array.isArray(outcome)) throw new Error('away');
      for (const [index, stamp] of stamps.entries())
        if (outcome[index]) kinesis.taken.set(stamp, (kinesis.taken.get(stamp) ?? 0) + 1);
      return outcome;
    },
  };
  return kinesis;
}

export interface TestNode {
  boot: string;
  spool: Spool;
  writer: StreamWriter;
  /** what it told a person */
  said: string[];
  /** Stamps and puts that many requests of one event each, unless it is refused before. */
  send(count?: number, times?: { deadlineMs?: number; spoolAfterMs?: number }): Promise<boolean[]>;
  /** how many were stamped */
  stamped(): number;
  stop(): Promise<void>;
}

let boots = 0;

/** A node's stamper, spool and stream writer. */
export function startNode(
  t: { teardown(run: () => unknown): void },
  options: { dir: string; kinesis: FakeKinesis; owner?: Owner; fs?: JournalFs; bounds?: Bounds },
): TestNode {
  const { dir, kinesis, bounds } = options;
  const boot = `boot-${process.pid}-${++boots}`;
  const said: string[] = [];
  const stamper = createStamper('node-1', boot);
  const spool = openSpool({
    ...{ dir, boot, producer: 'node-1', owner: options.owner, fs: options.fs },
    say: (sentence) => said.push(sentence),
    found: () => writer.drain(),
  });
  const putRecords = (_stream: string, records: Payload[], timeoutMs: number) =>
    kinesis.put(records, timeoutMs);
  const writer = createStreamWriter({ stream: STREAM, putRecords, spool, bounds });
  let stamped = 0;
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= writer.close(2_000).then(() => spool.close());
    return stopped;
  };
  t.teardown(stop);
  const one = ({ deadlineMs = 5_000, spoolAfterMs = 1_000 }): Promise<boolean> => {
    if (writer.refusal() !== undefined) return Promise.resolve(false);
    const fact = { id: `e${++stamped}`, source: '/clients/acme', data: {} } as Fact;
    const receipt = { client: 'acme', requestId: `r${stamped}`, ip: '203.0.113.7', userAgent: undefined };
    const records = stamper.stamp([fact], { ...receipt, receivedAt: Date.now() }) ?? [];
    return writer.put(records, { deadlineMs, spoolAfterMs });
  };
  return {
    ...{ boot, spool, writer, said, stop, stamped: () => stamped },
    send: (count = 1, times = {}) => Promise.all(Array.from({ length: count }, () => one(times))),
  };
}

/** node:fs, whose calls a test may count or make fail. */
export function watchedFs(change: Partial<JournalFs> = {}) {
  const count = { fsyncs: 0, writes: 0 };
  const watched: JournalFs = {
    ...fs,
    ...change,
    writeSync: ((...args: Parameters<typeof fs.writeSync>) => {
      count.writes++;
      return ((change.writeSync ?? fs.writeSync) as (...args: unknown[]) => number)(...args);
    }) as typeof fs.writeSync,
    fdatasync(fd, done) {
      count.fsyncs++;
      (change.fdatasync ?? fs.fdatasync)(fd, done);
    },
  };
  return { fs: watched, count };
}

export const errno = (code: string) => Object.assign(new Error(code), { code });

/** `<boot> <n>` of every event that is in a segment. */
export async function spooled(dir: string): Promise<string[]> {
  const stamps: string[] = [];
  for await (const { events } of readSpool(dir)) stamps.push(...events.map(({ boot, n }) => `${boot} ${n}`));
  return stamps;
}

/** Events received by the node's own book. */
export async function tallied(dir: string): Promise<number> {
  let events = 0;
  for await (const { counts } of readTallies(dir)) for (const count of counts) events += count.events;
  return events;
}

/** `<boot> 1` to `<boot> <count>` */
export const stampsTo = (boot: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${boot} ${index + 1}`);

export const isEmpty = (dir: string): Promise<unknown> =>
  waitUntil('the spool is empty', async () => (await spooled(dir)).length === 0, { everyMs: 20 });
