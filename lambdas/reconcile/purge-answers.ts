import type { MirrorStore } from '../ports/mirror-store.ts';

/** Forgets answers older than `before`, some at a time, while there is time; gives how many. */
export async function purgeAnswers(
  store: Pick<MirrorStore, 'purgeAnswers'>,
  before: Date,
  hasTime: () => boolean,
): Promise<number> {
  let purged = 0;
  while (hasTime()) {
    const some = await store.purgeAnswers(before);
    purged += some;
    if (some === 0) break;
  }
  return purged;
}
