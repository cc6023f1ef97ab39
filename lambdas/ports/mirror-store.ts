/** What a row of topic_mirror asks of FCM, as devices and subscriptions were when it was claimed. */
export type MirrorAction =
  /** a live device has the address and joined the topic, in the client's present Firebase project */
  | 'join'
  /** none does any more, and FCM may have it */
  | 'leave'
  /** none does, and no join was ever sent: there is nothing to take back */
  | 'forget'
  /** one does, but its client has no Firebase project yet */
  | 'wait';

/** An address and a topic in one Firebase project; leased to the run that claimed it. */
export interface ClaimedMirror {
  clientId: string;
  addressValue: string;
  topic: string;
  /** '' where the client had none */
  firebaseProject: string;
  /** the row as claimed: an answer to it settles no newer change */
  version: number;
  attempts: number;
  action: MirrorAction;
}

export type MirrorOutcome =
  /** FCM has it */
  | { result: 'joined' }
  /** FCM does not have it; `dead`: nor will the address ever work again */
  | { result: 'gone'; dead: boolean }
  /** nothing to do until the client has a Firebase project */
  | { result: 'waits' }
  /** tried in vain: once more at `dueAt` */
  | { result: 'later'; error: string; dueAt: Date }
  /** not tried: free for the next run at once */
  | { result: 'released' };

export interface SettledMirror {
  row: ClaimedMirror;
  outcome: MirrorOutcome;
}

/** What waits for a Firebase project. */
export interface MirrorBacklog {
  firebaseProject: string;
  pending: number;
  /** of these, tried in vain before */
  retried: number;
  /** of the oldest, in seconds */
  oldestS: number;
}

/** Addresses and topics whose state at FCM is not what it should be, by Firebase project. */
export interface MirrorQueue {
  /** Firebase projects for which something waits. */
  projects(): Promise<string[]>;
  /** Claims up to `limit` rows that are due for `leaseMs`: no other claim gives them meanwhile. */
  claim(firebaseProject: string, limit: number, leaseMs: number): Promise<ClaimedMirror[]>;
  /** Keeps what became of them and ends their leases. */
  settle(settled: SettledMirror[]): Promise<void>;
  backlog(): Promise<MirrorBacklog[]>;
}

export interface MirrorStore extends MirrorQueue {
  /** Removes some answers older than `before`; gives how many, 0 when none is left. */
  purgeAnswers(before: Date): Promise<number>;
}
