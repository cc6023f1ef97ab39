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

const UNKNOWN = Symbol('unknown consumer');
export type ConsumerCache = (kong: Kong, name: string) => Promise<KnownClient | null>;

/**
 * load_consumer reads Kong's database uncached, so hits and misses are kept for `ttlMs`; a surge of wrong keys costs
 * one read a name and second, and no more memory than `max` entries.
 */
export function createConsumerCache(ttlMs: number, max: number): ConsumerCache {
  const cache =
    ttlMs > 0 ? new LRUCache<string, KnownClient | typeof UNKNOWN>({ max, ttl: ttlMs }) : undefined;
  /** reads under way: requests that come meanwhile wait for the first one's */
  const reading = new Map<string, Promise<KnownClient | null>>();

  async function read(kong: Kong, name: string): Promise<KnownClient | null> {
    const consumer = await kong.client.loadConsumer(name, true);
    const known = consumer?.id ? readTags(consumer) : null;
    cache?.set(name, known ?? UNKNOWN);
    return known;
  }
  return async (kong, name) => {
    const cached = cache?.get(name);
    if (cached) return cached === UNKNOWN ? null : cached;
    // without a cache every request sees what is true for it
    const others = cache && reading.get(name);
    // the first one's connection may break; that is no fault of the others
    if (others) return others.catch(() => read(kong, name));
    const own = read(kong, name).finally(() => reading.delete(name));
    if (cache) reading.set(name, own);
    return own;
  };
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
