import type { MirrorQueue, SettledMirror } from '../ports/mirror-store.ts';

/**
 * `settle` for many callers over one connection: one statement at a time, and the next one takes all that came meanwhile.
 * Each caller learns when its own rows are kept.
 */
export function settleTogether(queue: Pick<MirrorQueue, 'settle'>): MirrorQueue['settle'] {
  let waiting: SettledMirror[] = [];
  let underWay: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return (settled) => {
    waiting.push(...settled);
    next ??= underWay
      // whoever waited for the one before has been told of its failure
      .catch(() => {})
      .then(() => {
        const taken = waiting;
        waiting = [];
        underWay = next as Promise<void>;
        next = undefined;
        return queue.settle(taken);
      });
    return next;
  };
}
