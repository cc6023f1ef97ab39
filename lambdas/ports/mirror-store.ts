/** A subscription whose state FCM does not know yet. */
export interface PendingMirror {
  clientId: string;
  /** '' when the device is gone and its address has to leave */
  deviceId: string;
  topic: string;
  state: 'joined' | 'left';
  attempts: number;
  /** the row as claimed: a newer change of it must not be overwritten */
  updatedAt: string;
  firebaseProject: string | null;
  addressKind: string | null;
  addressState: 'live' | 'dead';
  addressValue: string | null;
}

export interface MirrorResult {
  row: PendingMirror;
  /** `none`: nothing to mirror; `failed`: given up */
  mirror: 'mirrored' | 'none' | 'failed' | 'pending';
  error: string | null;
  /** when a pending one may be tried again */
  after: Date;
  /** the address is dead: no message goes there any more */
  dead: boolean;
}

/** Rows that wait for FCM. */
export interface MirrorQueue {
  /** Claims up to `limit` pending rows for `leaseMs`: another run passes them over. */
  claim(limit: number, leaseMs: number): Promise<PendingMirror[]>;
  save(results: MirrorResult[]): Promise<void>;
}

export interface MirrorStore extends MirrorQueue {
  /** Removes answers older than `before`; gives how many. */
  purgeAnswers(before: Date): Promise<number>;
}
