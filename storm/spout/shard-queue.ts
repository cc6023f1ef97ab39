/** A micro-batch of consecutive records of one shard: what travels as one tuple. */
export interface Unit {
  id: string;
  /** sequence number of its last record */
  sequence: string;
  payload: string;
  events: number;
  bytes: number;
}

export interface ShardQueue {
  push(unit: Unit): void;
  /** The first unit that is not in flight, or undefined when there is none or the shard pauses after a failure. */
  take(now: number): Unit | undefined;
  ack(id: string): Unit | undefined;
  fail(id: string, now: number): void;
  /** Sequence number up to which every unit was acked; null before the first. */
  readonly acked: string | null;
  /** No unit waits or is in flight. */
  readonly drained: boolean;
  /** Units not yet acked. */
  readonly size: number;
}

const FIRST_PAUSE_MS = 200;
/** The store bolt itself pauses a second before it fails a batch: together still well inside the 5 s of freshness. */
const LONGEST_PAUSE_MS = 3_200;

interface Entry {
  /** let go of once acked: entries outlive their units by up to HEADROOM */
  unit: Unit | undefined;
  sequence: string;
  index: number;
}
/** Entries that were acked are cut off the front together, so that a cut costs nothing per unit. */
const HEADROOM = 1_024;

/**
 * The units of one shard in order. A failed unit goes out again before those behind it, after a pause of the whole
 * shard that doubles while failures go on: whatever is down gets air, and the order is disturbed no further.
 */
export function createShardQueue(): ShardQueue {
  const order: Entry[] = [];
  const inFlight = new Map<string, Entry>();
  const retries: Entry[] = [];
  let pushed = 0;
  let head = 0;
  let next = 0;
  let acked: string | null = null;
  let pause = FIRST_PAUSE_MS;
  let pausedUntil = 0;

  function advance(): void {
    for (let entry = order[head]; entry && !entry.unit; entry = order[++head]) acked = entry.sequence;
    if (head < HEADROOM) return;
    order.splice(0, head);
    next -= head;
    head = 0;
  }
  return {
    push(unit) {
      order.push({ unit, sequence: unit.sequence, index: pushed++ });
    },
    take(now) {
      if (now < pausedUntil) return undefined;
      const entry = retries.shift() ?? order[next];
      if (!entry?.unit) return undefined;
      if (entry === order[next]) next++;
      inFlight.set(entry.unit.id, entry);
      return entry.unit;
    },
    ack(id) {
      const entry = inFlight.get(id);
      if (!entry) return undefined;
      inFlight.delete(id);
      const { unit } = entry;
      entry.unit = undefined;
      pause = FIRST_PAUSE_MS;
      advance();
      return unit;
    },
    fail(id, now) {
      const entry = inFlight.get(id);
      if (!entry) return;
      inFlight.delete(id);
      const at = retries.findIndex((other) => other.index > entry.index);
      retries.splice(at < 0 ? retries.length : at, 0, entry);
      // the units that failed together count as one failure
      if (now < pausedUntil) return;
      pausedUntil = now + pause;
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    },
    get acked() {
      return acked;
    },
    get drained() {
      return head >= order.length;
    },
    get size() {
      return order.length - head;
    },
  };
}
