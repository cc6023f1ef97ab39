import type { Store } from './store.ts';

/** Longer than a request may take; a tab that was closed meanwhile is forgotten after it. */
const LEASE_MS = 30_000;
const owner = Math.random().toString(36).slice(2);

/**
 * Runs `work` while no other tab does; gives false where one does. By Web Locks, which end with their tab; without them by
 * a lease in the store, which `work` renews.
 */
export async function alone(
  name: string,
  store: Store,
  work: (renew: () => Promise<void>) => Promise<void>,
): Promise<boolean> {
  if (navigator.locks)
    return navigator.locks.request(`pistats ${name}`, { ifAvailable: true }, async (lock) => {
      if (lock) await work(async () => {});
      return Boolean(lock);
    });
  const take = () =>
    store.update((state) => {
      const free = !state.lease || state.lease.owner === owner || state.lease.until < Date.now();
      if (free) state.lease = { owner, until: Date.now() + LEASE_MS };
      return { result: free };
    });
  if (!(await take())) return false;
  // it is not given back: the same tab takes it again, and another may in half a minute
  await work(async () => void (await take()));
  return true;
}
