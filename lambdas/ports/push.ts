/**
 * What became of one token: `dead` ones must never be used again, `later` may succeed another time. Code `timeout`: the
 * project did not answer at all.
 */
export type PushOutcome =
  | { result: 'done' }
  | { result: 'dead'; code: string }
  | { result: 'later'; code: string };

/** Firebase Cloud Messaging, one project at a time. */
export interface Push {
  /** Answers in the order of `tokens`. */
  setTopic(
    project: string,
    action: 'join' | 'leave',
    topic: string,
    tokens: string[],
  ): Promise<PushOutcome[]>;
}
