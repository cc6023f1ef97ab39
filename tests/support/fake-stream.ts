import type { CheckpointStore } from '../../storm/spout/ports.ts';
import { type Shard, type StreamSource, TrimmedError } from '../../stream/stream-source.ts';

interface FakeShard extends Shard {
  records: string[];
  closed: boolean;
  /** records before this are no longer kept */
  trimmed: number;
}

/** A stream in memory; sequence numbers are the records' positions, from 1. */
export function fakeStream(...shards: string[]) {
  const all = new Map<string, FakeShard>();
  let created = 1;
  let failures = 0;
  const add = (id: string, parents: string[] = []) =>
    all.set(id, { id, parents, records: [], closed: false, trimmed: 0 });
  for (const id of shards) add(shardId(id));
  const get = (id: string) => all.get(id) as FakeShard;
  const reads: string[] = [];
  const source: StreamSource = {
    describe: async () => `s@${created}`,
    listShards: async () => [...all.values()].map(({ id, parents }) => ({ id, parents })),
    async iterator(shard, after) {
      if (after !== null && Number(after) < get(shard).trimmed) throw new TrimmedError('trimmed');
      return `${created}|${shard}|${after ?? get(shard).trimmed}`;
    },
    async records(iterator) {
      if (failures > 0) {
        failures--;
        throw new Error('ProvisionedThroughputExceeded');
      }
      const [incarnation, id, after] = iterator.split('|') as [string, string, string];
      if (Number(incarnation) !== created) throw new Error('ResourceNotFound');
      reads.push(id);
      const shard = get(id);
      const records = shard.records.slice(Number(after), Number(after) + 10).map((data, index) => ({
        sequence: String(Number(after) + index + 1),
        partitionKey: '',
        data: Buffer.from(data),
      }));
      const position = Number(after) + records.length;
      const ended = shard.closed && position >= shard.records.length;
      return { records, next: ended ? null : `${created}|${id}|${position}` };
    },
  };
  return {
    source,
    reads,
    put: (id: string, ...data: string[]) => void get(shardId(id)).records.push(...data),
    trim: (id: string, before: number) => {
      get(shardId(id)).trimmed = before;
    },
    fail: (times: number) => {
      failures = times;
    },
    /** split (one parent) or merge (two): the parents are closed, the children listed */
    reshard(parents: string[], children: string[]) {
      for (const parent of parents) get(shardId(parent)).closed = true;
      for (const child of children) add(shardId(child), parents.map(shardId));
    },
    recreate(...ids: string[]) {
      created++;
      all.clear();
      for (const id of ids) add(shardId(id));
    },
  };
}

export function shardId(n: string): string {
  return `shardId-${n.padStart(12, '0')}`;
}

export function fakeCheckpoints(): CheckpointStore & { saved: Map<string, string> } {
  const saved = new Map<string, string>();
  return {
    saved,
    load: async (stream) =>
      new Map(
        [...saved]
          .filter(([key]) => key.startsWith(`${stream}/`))
          .map(([key, value]) => [key.slice(stream.length + 1), value]),
      ),
    save: async (stream, shard, sequence) => void saved.set(`${stream}/${shard}`, sequence),
  };
}
