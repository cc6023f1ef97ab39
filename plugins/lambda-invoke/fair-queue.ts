export interface Queued {
  client: string;
  bytes: number;
  /** since when it waits, ms of performance.now() */
  since: number;
  /** given by the queue when it is pushed: the order within a client */
  turn?: number;
}

/** What waits: of the client that has most there, and of all the others. `since`: of the oldest. */
export type Backlog = Record<'busiest' | 'others', { items: number; since: number | null }>;

/** A client's sub-queue. */
interface Line<T> {
  items: T[];
  bytes: number;
}

/**
 * Requests that wait, a sub-queue a client. Batches are filled round-robin over the clients, so that a client in a
 * surge delays itself and not the others; order is kept within a client.
 */
export class FairQueue<T extends Queued> {
  /** in the order of their turns: the first client is served next */
  #queues = new Map<string, Line<T>>();
  #turns = 0;
  size = 0;
  bytes = 0;

  /** How many of `client` wait. */
  waiting(client: string): number {
    return this.#queues.get(client)?.items.length ?? 0;
  }

  waitingBytes(client: string): number {
    return this.#queues.get(client)?.bytes ?? 0;
  }

  push(item: T): void {
    item.turn = ++this.#turns;
    const line = this.#lineOf(item.client);
    line.items.push(item);
    this.#count(line, item, 1);
  }

  /**
   * Back to the head, for items that were taken and could not be sent. Of several batches that come back, in whatever
   * order they do, a client's requests stand as they came.
   */
  unshift(items: T[]): void {
    for (const item of items.toReversed()) {
      const line = this.#lineOf(item.client);
      const later = line.items.findIndex(({ turn = 0 }) => turn > (item.turn ?? 0));
      line.items.splice(later < 0 ? line.items.length : later, 0, item);
      this.#count(line, item, 1);
    }
  }

  /**
   * At most `maxItems` and, beyond the first, `maxBytes`; one of each client in turn. `skip`: clients whose turn it is not.
   */
  take(maxItems: number, maxBytes: number, skip?: (client: string) => boolean): T[] {
    const taken: T[] = [];
    let bytes = 0;
    // a map goes on with what is put at its end meanwhile
    for (const [client, line] of this.#queues) {
      if (skip?.(client)) continue;
      const item = line.items[0] as T;
      if (taken.length === maxItems || (taken.length > 0 && bytes + item.bytes > maxBytes)) break;
      line.items.shift();
      // to the end of the line, or out of it
      this.#queues.delete(client);
      if (line.items.length > 0) this.#queues.set(client, line);
      this.#count(line, item, -1);
      bytes += item.bytes;
      taken.push(item);
    }
    return taken;
  }

  /** True when the item was still waiting. */
  remove(item: T): boolean {
    const line = this.#queues.get(item.client);
    const index = line?.items.indexOf(item) ?? -1;
    if (!line || index < 0) return false;
    line.items.splice(index, 1);
    if (line.items.length === 0) this.#queues.delete(item.client);
    this.#count(line, item, -1);
    return true;
  }

  /** The newest item of the client whose line weighs most. */
  heaviest(weigh: (items: number, bytes: number) => number): T | undefined {
    let most = 0;
    let found: T | undefined;
    for (const { items, bytes } of this.#queues.values()) {
      const weight = weigh(items.length, bytes);
      if (weight <= most) continue;
      most = weight;
      found = items.at(-1);
    }
    return found;
  }

  /** The client with the most requests here. */
  busiest(): string | undefined {
    return this.heaviest((items) => items)?.client;
  }

  backlog(): Backlog {
    const busiest = this.busiest();
    const backlog: Backlog = { busiest: { items: 0, since: null }, others: { items: 0, since: null } };
    for (const [client, { items }] of this.#queues) {
      const part = backlog[client === busiest ? 'busiest' : 'others'];
      const since = items[0]?.since ?? Number.POSITIVE_INFINITY;
      part.items += items.length;
      part.since = Math.min(part.since ?? since, since);
    }
    return backlog;
  }

  /** Whether anybody but `client` waits. */
  othersWait(client: string): boolean {
    return this.size > this.waiting(client);
  }

  #lineOf(client: string): Line<T> {
    let line = this.#queues.get(client);
    if (!line) {
      line = { items: [], bytes: 0 };
      this.#queues.set(client, line);
    }
    return line;
  }

  #count(line: Line<T>, item: T, sign: 1 | -1): void {
    this.size += sign;
    this.bytes += sign * item.bytes;
    line.bytes += sign * item.bytes;
  }
}
