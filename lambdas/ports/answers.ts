import type { Fact } from '../../contracts/cloud-event.ts';

/** Names a request for idempotency: the same key of another client, route or device is another request. */
export interface AnswerKey {
  client: string;
  /** route and device */
  scope: string;
  key: string;
}

/** What a request was answered, without its device token: that is made again from the device's id. */
export interface Answer {
  status: number;
  /** null: no body */
  body: Record<string, unknown> | Record<string, unknown>[] | null;
  /** the token of this device goes with the body */
  tokenOf?: string;
  events: Fact[];
}

export interface StoredAnswer {
  /** of the request's body */
  fingerprint: string;
  answer: Answer;
}

/** A copy of the answers, for speed alone: it may forget or be away, and then gives nothing. */
export interface AnswerCache {
  get(keys: AnswerKey[]): Promise<(StoredAnswer | undefined)[]>;
  set(entries: (AnswerKey & StoredAnswer)[]): Promise<void>;
}
