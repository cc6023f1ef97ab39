import type { Fact } from '../../contracts/cloud-event.ts';
import type { AnswerKey, StoredAnswer } from './answers.ts';
import type { ClientRow } from './registration-store.ts';

export type SubscriptionStateName = 'joined' | 'left';

export interface SubscribedDevice {
  clientId: string;
  id: string;
  registrationId: string;
  property: string;
  userId: string;
  /** topic → state; a Map, since a topic may be called `__proto__` */
  topics: Map<string, SubscriptionStateName>;
}

export interface SubscriptionKeys {
  clients: string[];
  registrations: { client: string; registrationId: string }[];
  answers: AnswerKey[];
}

export interface SubscriptionLoad {
  clients: ClientRow[];
  devices: SubscribedDevice[];
  answers: (AnswerKey & StoredAnswer)[];
}

export interface SubscriptionChanges {
  states: { client: string; deviceId: string; topic: string; state: SubscriptionStateName }[];
  newFacts: { client: string; fact: Fact }[];
  answers: (AnswerKey & StoredAnswer)[];
}

/** Each method is one statement. They throw ConflictError, LockTimeoutError, DataError and UnavailableError. */
export interface SubscriptionStore {
  load(keys: SubscriptionKeys): Promise<SubscriptionLoad>;
  write(changes: SubscriptionChanges, now: Date): Promise<void>;
}
