import type { Fact } from '../../contracts/cloud-event.ts';
import type { AnswerKey, StoredAnswer } from './answers.ts';

export interface ClientRow {
  name: string;
  status: 'active' | 'disabled';
  identityVerification: 'off' | 'required';
  identitySecret: string | null;
  properties: string[];
}

export interface DeviceRow {
  clientId: string;
  id: string;
  registrationId: string;
  property: string;
  installationId: string;
  userId: string;
  /** the client's own id of the user; null: anonymous */
  externalUserId: string | null;
  userVerified: boolean;
  platform: string;
  addressKind: string | null;
  addressValue: string | null;
  locale: string | null;
  timeZone: string | null;
  lastFact: Fact;
}

export interface UserRow {
  clientId: string;
  id: string;
  externalId: string | null;
}

export interface RegistrationKeys {
  clients: string[];
  installations: { client: string; property: string; installationId: string }[];
  registrations: { client: string; registrationId: string }[];
  users: { client: string; externalId: string }[];
  answers: AnswerKey[];
}

export interface RegistrationState {
  clients: ClientRow[];
  devices: DeviceRow[];
  users: UserRow[];
  answers: (AnswerKey & StoredAnswer)[];
}

export interface RegistrationChanges {
  newUsers: UserRow[];
  newFacts: { client: string; fact: Fact }[];
  newDevices: DeviceRow[];
  /** `previousFactId`: as loaded; the write is refused when the row has another by then */
  changedDevices: { device: DeviceRow; previousFactId: string }[];
  removedDevices: { client: string; id: string; previousFactId: string }[];
  answers: (AnswerKey & StoredAnswer)[];
}

/** Each method is one statement. They throw ConflictError, LockTimeoutError, DataError and UnavailableError. */
export interface RegistrationStore {
  load(keys: RegistrationKeys): Promise<RegistrationState>;
  /** All of it or nothing. */
  write(changes: RegistrationChanges): Promise<void>;
}
