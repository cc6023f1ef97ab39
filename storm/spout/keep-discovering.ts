import type { StreamReader } from './stream-reader.ts';

const DISCOVER_MS = 5_000;
const RETRY_MS = 1_000;
/**
 * The children of a split or merge hold new events at once, and wait until the parent is stored to its end. Where
 * another task reads that one, this is how soon it is heard of: by one query, as small as a heartbeat.
 */
const LOOK_FOR_END_MS = 500;

/**
 * Discovers for ever: every 5 s, and as soon as any task has read a shard to its end.
 * @param on.pause resolves after so many ms
 */
export async function keepDiscovering(
  reader: Pick<StreamReader, 'discover' | 'sawEnd'>,
  on: { onFirst(): void; onError(error: Error): void; pause(ms: number): Promise<unknown> },
): Promise<never> {
  let found = false;
  for (;;) {
    try {
      await reader.discover();
      if (!found) on.onFirst();
      found = true;
      let left = DISCOVER_MS;
      do {
        await on.pause(LOOK_FOR_END_MS);
        left -= LOOK_FOR_END_MS;
      } while (left > 0 && !(await reader.sawEnd()));
    } catch (error) {
      on.onError(error as Error);
      await on.pause(RETRY_MS);
    }
  }
}
