import { LRUCache } from 'lru-cache';
import { DISABLED_TAG, type KeyTag, ORIGIN_TAG, parseKeyTag } from '../../contracts/api-key.ts';
import type { Consumer, Kong } from '../pdk.ts';

/** A consumer with its tags read once. */
export interface KnownClient {
  consumer: Consumer;
  keys: KeyTag[];
  origins: string[];
  disabled: boolean;
}

export interface ConsumerCache {
  /** The consumer as it was at most `ttlMs` ago; null: there is none. */
  find(kong: Kong, name: string): Promise<KnownClient | null>;
  /** What was last known of a consumer, where `find` would have to ask Kong. Not to be relied on before it has. */
  outdated(name: string): KnownClient | undefined;
}

/**
 * load_consumer reads Kong's database uncached, so hits and misses are kept for `ttlMs`; a surge of wrong keys costs
 * one read a name and second, and no more memory than `max` entries.
 */
export function createConsumerCache(ttlMs: number, max: number): ConsumerCache {
  const cache = new LRUCache<string, { known: KnownClient | null; at: number }>({ max });
  /** reads under way: requests that come meanwhile wait for the first one's */
  const reading = new Map<string, Promise<KnownClient | null>>();
  const holds = (at: number) => performance.now() - at < ttlMs;

  async function read(kong: Kong, name: string): Promise<KnownClient | null> {
    const consumer = await kong.client.loadConsumer(name, true);
    const known = consumer?.id ? readAgain(cache.peek(name)?.known, consumer) : null;
    if (ttlMs > 0) cache.set(name, { known, at: performance.now() });
    return known;
  }
  return {
    async find(kong, name) {
      const cached = cache.get(name);
      if (cached && holds(cached.at)) return cached.known;
      // without a cache every request sees what is true for it
      const others = ttlMs > 0 && reading.get(name);
      // the first one's connection may break; that is no fault of the others
      if (others) return others.catch(() => read(kong, name));
      const own = read(kong, name).finally(() => reading.delete(name));
      if (ttlMs > 0) reading.set(name, own);
      return own;
    },
    outdated(name) {
      const cached = cache.peek(name);
      return cached?.known && !holds(cached.at) ? cached.known : undefined;
    },
  };
}

/** What is known already where nothing of it has changed: its tags are parsed once. */
const readAgain = (before: KnownClient | null | undefined, consumer: Consumer) =>
  before && same(before.consumer, consumer) ? before : readTags(consumer);

function same(a: Consumer, b: Consumer): boolean {
  const [tags, others] = [a.tags ?? [], b.tags ?? []];
  return (
    a.id === b.id &&
    a.username === b.username &&
    a.custom_id === b.custom_id &&
    tags.length === others.length &&
    tags.every((tag, index) => tag === others[index])
  );
}

function readTags(consumer: Consumer): KnownClient {
  const tags = consumer.tags ?? [];
  return {
    consumer,
    keys: tags.flatMap((tag) => parseKeyTag(tag) ?? []),
    origins: tags.filter((tag) => tag.startsWith(ORIGIN_TAG)).map((tag) => tag.slice(ORIGIN_TAG.length)),
    disabled: tags.includes(DISABLED_TAG),
  };
}
