import { ConflictError } from '../../lambdas/errors.ts';
import type { AnswerCache, AnswerKey, StoredAnswer } from '../../lambdas/ports/answers.ts';
import type {
  ClientRow,
  DeviceRow,
  RegistrationChanges,
  RegistrationKeys,
  RegistrationStore,
  UserRow,
} from '../../lambdas/ports/registration-store.ts';

export const keyOf = (...parts: unknown[]) => JSON.stringify(parts);
const answerName = ({ client, scope, key }: AnswerKey) => keyOf(client, scope, key);

export function clientRow(name: string, changes: Partial<ClientRow> = {}): ClientRow {
  const base = { status: 'active', identityVerification: 'off', identitySecret: null } as const;
  return { name, ...base, properties: ['www', 'app'], ...changes };
}

/** The registry in memory, with PostgreSQL's unique constraints: a write that breaks one writes nothing. */
export function memoryRegistry(...clients: (string | ClientRow)[]) {
  const rows = clients.map((client) => (typeof client === 'string' ? clientRow(client) : client));
  const byName = new Map(rows.map((row) => [row.name, row]));
  const devices = new Map<string, DeviceRow>();
  const users = new Map<string, UserRow>();
  const facts = new Map<string, RegistrationChanges['newFacts'][number]>();
  const answers = new Map<string, AnswerKey & StoredAnswer>();
  const loads: RegistrationKeys[] = [];
  const writes: RegistrationChanges[] = [];
  const hooks: { beforeWrite?: (changes: RegistrationChanges) => Promise<void> | void } = {};

  const installed = (client: string, property: string, installationId: string) =>
    [...devices.values()].find(
      (row) => row.clientId === client && row.property === property && row.installationId === installationId,
    );
  const present = <T>(row: T | undefined) => (row === undefined ? [] : [row]);

  function check({
    newUsers,
    newDevices,
    changedDevices,
    removedDevices,
    answers: given,
  }: RegistrationChanges) {
    const removed = new Set(removedDevices.map(({ client, id }) => keyOf(client, id)));
    const stale = [
      ...changedDevices.map(({ device, previousFactId }) => [
        keyOf(device.clientId, device.id),
        previousFactId,
      ]),
      ...removedDevices.map(({ client, id, previousFactId }) => [keyOf(client, id), previousFactId]),
    ].some(([name, factId]) => devices.get(name as string)?.lastFact.id !== factId);
    const taken =
      newUsers.some(
        (user) =>
          user.externalId !== null &&
          [...users.values()].some(
            (other) => other.clientId === user.clientId && other.externalId === user.externalId,
          ),
      ) ||
      newDevices.some((device) => {
        const other = installed(device.clientId, device.property, device.installationId);
        return other && !removed.has(keyOf(other.clientId, other.id));
      }) ||
      given.some((answer) => answers.has(answerName(answer)));
    if (stale || taken) throw new ConflictError('overtaken');
  }

  const store: RegistrationStore = {
    async load(keys) {
      loads.push(structuredClone(keys));
      const wanted = new Set([
        ...keys.installations.flatMap(({ client, property, installationId }) =>
          present(installed(client, property, installationId)),
        ),
        ...[...devices.values()].filter((row) =>
          keys.registrations.some(
            ({ client, registrationId }) => row.clientId === client && row.registrationId === registrationId,
          ),
        ),
      ]);
      return structuredClone({
        clients: keys.clients.flatMap((name) => present(byName.get(name))),
        devices: [...wanted],
        users: [...users.values()].filter((user) =>
          keys.users.some(
            ({ client, externalId }) => user.clientId === client && user.externalId === externalId,
          ),
        ),
        answers: keys.answers.flatMap((key) => present(answers.get(answerName(key)))),
      });
    },
    async write(changes) {
      await hooks.beforeWrite?.(changes);
      check(changes);
      writes.push(structuredClone(changes));
      for (const user of changes.newUsers) users.set(keyOf(user.clientId, user.id), user);
      for (const row of changes.newFacts) facts.set(keyOf(row.client, row.fact.id), row);
      for (const { client, id } of changes.removedDevices) devices.delete(keyOf(client, id));
      for (const device of [...changes.newDevices, ...changes.changedDevices.map((row) => row.device)])
        devices.set(keyOf(device.clientId, device.id), structuredClone(device));
      for (const answer of changes.answers) answers.set(answerName(answer), structuredClone(answer));
    },
  };
  return { store, clients: byName, devices, users, facts, answers, loads, writes, hooks };
}

export type MemoryRegistry = ReturnType<typeof memoryRegistry>;

/** A cache that knows nothing: every answer comes from the store. */
export const noCache: AnswerCache = { get: async (keys) => keys.map(() => undefined), set: async () => {} };

export function memoryCache() {
  const entries = new Map<string, StoredAnswer>();
  const cache: AnswerCache = {
    get: async (keys) => keys.map((key) => structuredClone(entries.get(answerName(key)))),
    async set(given) {
      for (const { fingerprint, answer, ...key } of given)
        entries.set(answerName(key), structuredClone({ fingerprint, answer }));
    },
  };
  return { cache, entries };
}
