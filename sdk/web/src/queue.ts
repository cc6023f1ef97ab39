import { PistatsError } from './errors.ts';
import type { Entry, State, Store, Update } from './store.ts';

/** What waits may take so much; beyond it new events are dropped, and counted. */
const MAX_BYTES = 1_000_000;
const MAX_ENTRIES = 2_000;
/** The server knows a request for so long (its idempotency window), and takes no id that is older. */
export const MAX_AGE_MS = 7 * 86_400_000 - 3_600_000;

/** Entries that wait, in a browser or a page. What could not be kept is counted in `state.dropped`. */
export function createQueue(store: Store) {
  /** of all that waits, as last seen by this page; other tabs may have added */
  let entries = 0;
  let bytes = 0;

  return {
    /** Adds what `make` gives; a call that finds no room throws `queue_full`, an event is dropped. */
    async add(make: (state: State) => Entry): Promise<void> {
      const full = await store.update((state): Update<boolean> => {
        const entry = make(state);
        const full = entries >= MAX_ENTRIES || bytes + entry.size > MAX_BYTES;
        if (full && entry.kind === 'event') count(state, 'full', 1);
        if (full) return { result: entry.kind === 'call' };
        entries++;
        bytes += entry.size;
        return { result: false, add: [entry] };
      });
      if (full) throw new PistatsError('queue_full');
    },

    /** The first entries. What is too old is dropped first, and given to `expired`. */
    async head(limit: number, expired: (entry: Entry) => void): Promise<Entry[]> {
      const all = await store.list(MAX_ENTRIES);
      entries = all.length;
      bytes = all.reduce((sum, { size }) => sum + size, 0);
      const oldest = Date.now() - MAX_AGE_MS;
      const old = all.filter(({ at }) => at < oldest);
      if (old.length > 0) {
        await this.drop(old, 'expired');
        old.forEach(expired);
      }
      return all.filter(({ at }) => at >= oldest).slice(0, limit);
    },

    /** They have arrived. */
    remove: (some: Entry[], change: (state: State) => void = () => {}) =>
      store.update((state) => {
        change(state);
        return { result: undefined, remove: ids(some) };
      }),

    /** They never will. */
    drop: (some: Entry[], reason: string) =>
      store.update((state) => {
        count(state, reason, some.length);
        return { result: undefined, remove: ids(some) };
      }),
  };
}

export type Queue = ReturnType<typeof createQueue>;

const ids = (entries: Entry[]) => entries.flatMap(({ id }) => id ?? []);

function count(state: State, reason: string, n: number): void {
  state.dropped = { ...state.dropped, [reason]: (state.dropped?.[reason] ?? 0) + n };
}
