export interface Queued {
  client: string;
  bytes: number;
}

/**
 * Requests that wait, a sub-queue a client. Batches are filled round-robin over the clients, so that a client in a
 * surge delays itself and not the others; order is kept within a client.
 */
export class FairQueue<T extends Queued> {
  /** in the order of their turns: the first client is served next */
  #queues = new Map<string, T[]>();
  size = 0;
  bytes = 0;

  /** How many of `client` wait. */
  waiting(client: string): number {
    return this.#queues.get(client)?.length ?? 0;
  }

  push(item: T): void {
    this.#queueOf(item.client).push(item);
    this.#count(item, 1);
  }

  /** Back to the head, for items that were taken and could not be sent. */
  unshift(items: T[]): void {
    for (const item of items.toReversed()) {
      this.#queueOf(item.client).unshift(item);
      this.#count(item, 1);
    }
  }

  /** At most `maxItems` and, beyond the first, `maxBytes`; one of each client in turn. */
  take(maxItems: number, maxBytes: number): T[] {
    const taken: T[] = [];
    let bytes = 0;
    while (taken.length < maxItems) {
      const next = this.#queues.entries().next();
      if (next.done) break;
      const [client, queue] = next.value;
      const item = queue[0] as T;
      if (taken.length > 0 && bytes + item.bytes > maxBytes) break;
      queue.shift();
      // to the end of the line, or out of it
      this.#queues.delete(client);
      if (queue.length > 0) this.#queues.set(client, queue);
      this.#count(item, -1);
      bytes += item.bytes;
      taken.push(item);
    }
    return taken;
  }

  /** True when the item was still waiting. */
  remove(item: T): boolean {
    const queue = this.#queues.get(item.client);
    const index = queue?.indexOf(item) ?? -1;
    if (!queue || index < 0) return false;
    queue.splice(index, 1);
    if (queue.length === 0) this.#queues.delete(item.client);
    this.#count(item, -1);
    return true;
  }

  /** Whether anybody but `client` waits. */
  othersWait(client: string): boolean {
    return this.size > this.waiting(client);
  }

  #queueOf(client: string): T[] {
    let queue = this.#queues.get(client);
    if (!queue) {
      queue = [];
      this.#queues.set(client, queue);
    }
    return queue;
  }

  #count(item: T, sign: 1 | -1): void {
    this.size += sign;
    this.bytes += sign * item.bytes;
  }
}
