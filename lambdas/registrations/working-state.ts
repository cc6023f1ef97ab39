import type { Fact } from '../../contracts/cloud-event.ts';
import type { Answer, StoredAnswer } from '../ports/answers.ts';
import type {
  ClientRow,
  DeviceRow,
  RegistrationChanges,
  RegistrationState,
  UserRow,
} from '../ports/registration-store.ts';
import { answerId, indexAnswers, type RequestIdentity } from '../request.ts';

const id = (...parts: string[]) => JSON.stringify(parts);

/**
 * What is in the registry, and what a batch makes of it: each request of a batch sees what those before it did, and
 * all changes of one device fold into one row.
 */
export class WorkingState {
  #clients: Map<string, ClientRow>;
  #byInstallation = new Map<string, DeviceRow>();
  #byRegistration = new Map<string, DeviceRow>();
  #users = new Map<string, UserRow>();
  #answers: Map<string, StoredAnswer>;
  #loadedFact = new Map<DeviceRow['id'], string>();
  #newUsers: UserRow[] = [];
  #newFacts: { client: string; fact: Fact }[] = [];
  #newDevices = new Map<string, DeviceRow>();
  #changed = new Map<string, DeviceRow>();
  #removed = new Map<string, DeviceRow>();
  #answered: RegistrationChanges['answers'] = [];
  #newAnswers: RegistrationChanges['answers'] = [];

  constructor(state: RegistrationState) {
    this.#clients = new Map(state.clients.map((client) => [client.name, client]));
    this.#answers = indexAnswers(state.answers);
    for (const user of state.users) this.#users.set(id(user.clientId, user.externalId ?? ''), user);
    for (const device of state.devices) {
      this.#index(device);
      this.#loadedFact.set(device.id, device.lastFact.id);
    }
  }

  client(name: string): ClientRow | undefined {
    return this.#clients.get(name);
  }

  answer(identity: RequestIdentity): StoredAnswer | undefined {
    return this.#answers.get(answerId(identity.answerKey));
  }

  installed(client: string, property: string, installationId: string): DeviceRow | undefined {
    return this.#byInstallation.get(id(client, property, installationId));
  }

  registered(client: string, registrationId: string): DeviceRow | undefined {
    return this.#byRegistration.get(id(client, registrationId));
  }

  /** The user by the client's own id; a new one where there is none, and always for an anonymous user. */
  user(clientId: string, externalId: string | null, newId: () => string): UserRow {
    const known = externalId === null ? undefined : this.#users.get(id(clientId, externalId));
    if (known) return known;
    const user = { clientId, id: newId(), externalId };
    if (externalId !== null) this.#users.set(id(clientId, externalId), user);
    this.#newUsers.push(user);
    return user;
  }

  /** Puts the device as it now is, with the fact that says so. */
  put(device: DeviceRow): void {
    this.#newFacts.push({ client: device.clientId, fact: device.lastFact });
    this.#index(device);
    if (this.#loadedFact.has(device.id)) this.#changed.set(device.id, device);
    else this.#newDevices.set(device.id, device);
  }

  remove(device: DeviceRow, fact: Fact): void {
    this.#newFacts.push({ client: device.clientId, fact });
    this.#byInstallation.delete(id(device.clientId, device.property, device.installationId));
    this.#byRegistration.delete(id(device.clientId, device.registrationId));
    this.#newDevices.delete(device.id);
    this.#changed.delete(device.id);
    if (this.#loadedFact.has(device.id)) this.#removed.set(device.id, device);
  }

  /**
   * Keeps the answer for a repeat of the request: in the cache, and where the repeat may come days later, or would change
   * something again, in the registry.
   */
  remember(identity: RequestIdentity, answer: Answer, lasting: boolean): void {
    const entry = { ...identity.answerKey, fingerprint: identity.fingerprint, answer };
    this.#answered.push(entry);
    if (!lasting) return;
    this.#answers.set(answerId(identity.answerKey), entry);
    this.#newAnswers.push(entry);
  }

  /** What must be written; null when nothing in the registry changes. */
  changes(): RegistrationChanges | null {
    if (this.#newFacts.length === 0 && this.#newAnswers.length === 0) return null;
    const previous = (device: DeviceRow) => this.#loadedFact.get(device.id) as string;
    return {
      newUsers: this.#newUsers,
      newFacts: this.#newFacts,
      newDevices: [...this.#newDevices.values()],
      changedDevices: [...this.#changed.values()].map((device) => ({
        device,
        previousFactId: previous(device),
      })),
      removedDevices: [...this.#removed.values()].map((device) => ({
        client: device.clientId,
        id: device.id,
        previousFactId: previous(device),
      })),
      answers: this.#newAnswers,
    };
  }

  /** All of them, for the cache. */
  get answered(): RegistrationChanges['answers'] {
    return this.#answered;
  }

  #index(device: DeviceRow): void {
    this.#byInstallation.set(id(device.clientId, device.property, device.installationId), device);
    this.#byRegistration.set(id(device.clientId, device.registrationId), device);
  }
}
