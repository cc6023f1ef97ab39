import type { Entry, State, Store } from './store.ts';

/** Where a browser gives no storage: what waits lives as long as the page. */
export function createMemoryStore(): Store {
  let state: State = {};
  let entries: Entry[] = [];
  let last = 0;
  return {
    async update(change) {
      const { result, add = [], put = [], remove = [] } = change(state);
      entries = entries
        .filter(({ id }) => !remove.includes(id as number))
        .map((entry) => put.find(({ id }) => id === entry.id) ?? entry);
      for (const entry of add) entries.push({ ...entry, id: ++last });
      return result;
    },
    list: async (limit) => entries.slice(0, limit),
    async clear() {
      state = {};
      entries = [];
    },
  };
}
