/** A request that waits for the server, or an event that does. */
export interface Entry {
  /** given by the store, growing */
  id?: number;
  kind: 'event' | 'call';
  /** ms since the epoch by this machine's clock, when it was queued */
  at: number;
  /** rough size in bytes */
  size: number;
  // biome-ignore lint/suspicious/noExplicitAny: what it is depends on `kind` (events.ts, calls.ts)
  body: any;
}

/** What the SDK remembers between pages. */
export interface State {
  installationId?: string;
  consent?: 'granted' | 'denied';
  optedOut?: boolean;
  /** ms that the server's clock is ahead of this machine's; undefined until an answer has told */
  offset?: number;
  session?: { id: string; seq: number; at: number };
  registration?: {
    registrationId: string;
    deviceId: string;
    userId: string;
    deviceToken?: string;
    /** of what was sent: a repeat of it asks nobody */
    sent: string;
    at: number;
  };
  /** why and how many entries never arrived; told to the server with the next events */
  dropped?: Record<string, number>;
  /** without Web Locks: who sends, and until when (ms, this machine's clock) */
  lease?: { owner: string; until: number };
}

export interface Store {
  /** Changes the state, and adds and removes entries, all or nothing, also beside other tabs. */
  update<T>(change: (state: State) => Update<T>): Promise<T>;
  /** The first entries in the order in which they came. */
  list(limit: number): Promise<Entry[]>;
  /** Forgets everything. */
  clear(): Promise<void>;
}

export interface Update<T> {
  result: T;
  add?: Entry[];
  /** in place of those with their ids */
  put?: Entry[];
  remove?: number[];
}
