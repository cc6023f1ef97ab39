import type { Entry } from './segment.ts';
import type { Spool } from './spool.ts';

/** For a node without a folder for a spool: nothing is durable but by Kinesis. */
export function withoutSpool(): Spool {
  const waiting = new Set<Entry>();
  let bytes = 0;
  return {
    add(stream, record) {
      const entry: Entry = { stream, record, segment: undefined, index: -1 };
      waiting.add(entry);
      bytes += record.data.length;
      return entry;
    },
    flush() {},
    sync: () => Promise.resolve(),
    isDurable: () => false,
    settle(entry) {
      if (waiting.delete(entry)) bytes -= entry.record.data.length;
    },
    park() {},
    take: () => Promise.resolve([]),
    parked: () => 0,
    bytes: 0,
    oldestAt: undefined,
    get unwrittenBytes() {
      return bytes;
    },
    writable: false,
    adoptOrphans: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
