/**
 * How long a function and each wait within it may take, in milliseconds. They fit: a batch with a locked row in it is
 * bisected down to that row and answered before the function's time is over, and that is a third of a request's deadline
 * in deck.yaml at most, so that the gateway may send a batch once more.
 */
export const FUNCTION_TIMEOUT_MS = 3_300;

/** The reconcile function's, which nobody waits for. */
export const RECONCILE_TIMEOUT_MS = 60_000;

/** Rows of a run of reconcile that died are free again after this. */
export const LEASE_MS = 120_000;

/** With less than this left a run of reconcile begins nothing: a call that hangs ends, and what became of it is kept. */
export const LAST_START_MS = 15_000;

/**
 * A call to FCM. firebase-admin gives a request 15 s and repeats it four times (14.5, FIREBASE_MESSAGING_TIMEOUT): longer
 * than a run may take. What has not come by then is cut off.
 */
export const PUSH_CALL_MS = 10_000;

/** The last moment for an answer, before the function's time is over: whoever is not settled by then is told 503. */
export const ANSWER_MARGIN_MS = 200;

/** A batch is taken apart for no longer than this; what has not been tried by then is told 503. */
export const SETTLE_MS = 2_500;

/** A lock that another transaction holds is waited for this long, once at each size of the batch. */
export const LOCK_TIMEOUT_MS = 200;

/** A database that hangs is noticed before the answer is due. */
export const STATEMENT_TIMEOUT_MS = 2_500;
export const CONNECT_TIMEOUT_MS = 1_500;

/** Requests in an invocation at most: the schema of lambda-invoke takes no larger `max_size`. */
export const LARGEST_BATCH = 1_000;

/** How often an item is tried until it stands alone: whole, in halves, in quarters, … */
export const triesUntilAlone = (items: number) => 1 + Math.ceil(Math.log2(items));

/** Connections of an environment: it runs one invocation at a time. */
export const POOL_SIZE = 1;
