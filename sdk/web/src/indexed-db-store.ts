import type { Entry, State, Store } from './store.ts';

const STATE = 'state';
const QUEUE = 'queue';
const KEY = 1;

/** Rejects where the browser gives no IndexedDB (blocked storage, some private windows). */
export async function openIndexedDbStore(name: string): Promise<Store> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore(STATE);
      opening.result.createObjectStore(QUEUE, { keyPath: 'id', autoIncrement: true });
    };
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
    opening.onblocked = () => reject(new Error('blocked'));
  });
  // a newer version of the SDK in another tab must not wait for this one
  database.onversionchange = () => database.close();

  function within<T>(
    mode: IDBTransactionMode,
    work: (state: IDBObjectStore, queue: IDBObjectStore, done: (value: T) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const transaction = database.transaction([STATE, QUEUE], mode);
      let result: T;
      transaction.oncomplete = () => resolve(result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
      work(transaction.objectStore(STATE), transaction.objectStore(QUEUE), (value) => {
        result = value;
      });
    });
  }

  return {
    update: (change) =>
      within('readwrite', (states, queue, done) => {
        const reading = states.get(KEY);
        reading.onsuccess = () => {
          const state: State = reading.result ?? {};
          const { result, add = [], put = [], remove = [] } = change(state);
          states.put(state, KEY);
          for (const entry of add) queue.add(entry);
          for (const entry of put) queue.put(entry);
          for (const id of remove) queue.delete(id);
          done(result);
        };
      }),
    list: (limit) =>
      within<Entry[]>('readonly', (_, queue, done) => {
        const reading = queue.getAll(null, limit);
        reading.onsuccess = () => done(reading.result);
      }),
    clear: () =>
      within<void>('readwrite', (states, queue) => {
        states.clear();
        queue.clear();
      }),
  };
}
