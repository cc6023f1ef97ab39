/** Batches that failed from end to end, one after the other, before halving them is given up. */
const WHOLLY_FAILED = 2;

export interface BisectBreaker {
  /** whether a failed batch is worth halving */
  readonly closed: boolean;
  /** A batch was halved down to its requests. `answered`: how many of them the function answered. */
  settled(answered: number): void;
  /** The function answered an invocation. */
  answered(): void;
}

/**
 * A batch of 250 that fails as a whole costs 499 invocations to halve. When it is the function that is broken, and not one
 * request, that is a surge of its own: after two such batches a failed one is answered at once, until the function
 * answers again.
 */
export function createBisectBreaker(): BisectBreaker {
  let failed = 0;
  return {
    get closed() {
      return failed < WHOLLY_FAILED;
    },
    settled(answered) {
      failed = answered > 0 ? 0 : failed + 1;
    },
    answered() {
      failed = 0;
    },
  };
}
