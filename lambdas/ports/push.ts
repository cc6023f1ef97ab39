/** What became of one token: `dead` ones must never be used again, `later` may succeed another time. */
export type PushOutcome =
  | { result: 'done' }
  | { result: 'dead'; code: string }
  | { result: 'later'; code: string };

/** The project as a whole could not be asked (no answer in time, no credential, no way there), and why. */
export interface PushOutage {
  outage: string;
}

/** Firebase Cloud Messaging, one project at a time. */
export interface Push {
  /**
   * Outcomes in the order of `tokens`, 1,000 at most. With an outage, what was sent may have arrived nevertheless, but
   * nothing of it is sent any more.
   */
  setTopic(
    project: string,
    action: 'join' | 'leave',
    topic: string,
    tokens: string[],
  ): Promise<PushOutcome[] | PushOutage>;
}
