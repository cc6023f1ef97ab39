import type {
  DeviceRow,
  RegistrationChanges,
  RegistrationState,
  RegistrationStore,
} from '../ports/registration-store.ts';
import { type AnswerJson, answerKeyRow, answerRow, toAnswer } from './answer-rows.ts';
import { type ClientJson, toClient } from './client-rows.ts';
import type { Registry } from './prisma.ts';
import { loadRegistrations } from './statements/load-registrations.ts';
import { type RegistrationRowsJson, writeRegistrations } from './statements/write-registrations.ts';
import { type FactJson, factRow, toFact } from './stored-fact.ts';

interface DeviceJson {
  client_id: string;
  id: string;
  registration_id: string;
  property: string;
  installation_id: string;
  user_id: string;
  external_id: string | null;
  user_verified: boolean;
  platform: string;
  address_kind: string | null;
  address_value: string | null;
  locale: string | null;
  time_zone: string | null;
  last_fact: FactJson;
}

interface LoadRow {
  clients: ClientJson[];
  devices: DeviceJson[];
  users: { client_id: string; id: string; external_id: string }[];
  answers: AnswerJson[];
}

/** Registrations in PostgreSQL by Prisma: a batch is one reading and one writing statement. */
export function createPrismaRegistrationStore(registry: Registry): RegistrationStore {
  return {
    async load(keys): Promise<RegistrationState> {
      const installations = JSON.stringify(
        keys.installations.map(({ client, property, installationId }) => ({
          client_id: client,
          property,
          installation_id: installationId,
        })),
      );
      const registrations = JSON.stringify(
        keys.registrations.map(({ client, registrationId }) => ({
          client_id: client,
          registration_id: registrationId,
        })),
      );
      const users = JSON.stringify(
        keys.users.map(({ client, externalId }) => ({ client_id: client, external_id: externalId })),
      );
      const answers = JSON.stringify(keys.answers.map(answerKeyRow));
      const statement = loadRegistrations({
        clients: keys.clients,
        installations,
        registrations,
        users,
        answers,
      });
      const [row] = await registry.run((prisma) => prisma.$queryRaw<LoadRow[]>(statement));
      const found = row as LoadRow;
      return {
        clients: found.clients.map(toClient),
        devices: found.devices.map(toDevice),
        users: found.users.map(({ client_id, id, external_id }) => ({
          clientId: client_id,
          id,
          externalId: external_id,
        })),
        answers: found.answers.map(toAnswer),
      };
    },

    async write(changes): Promise<void> {
      const statement = writeRegistrations(toRows(changes));
      await registry.run((prisma) => prisma.$queryRaw(statement));
    },
  };
}

function toDevice(row: DeviceJson): DeviceRow {
  return {
    clientId: row.client_id,
    id: row.id,
    registrationId: row.registration_id,
    property: row.property,
    installationId: row.installation_id,
    userId: row.user_id,
    externalUserId: row.external_id,
    userVerified: row.user_verified,
    platform: row.platform,
    addressKind: row.address_kind,
    addressValue: row.address_value,
    locale: row.locale,
    timeZone: row.time_zone,
    lastFact: toFact(row.last_fact),
  };
}

const deviceRow = (device: DeviceRow) => ({
  client_id: device.clientId,
  id: device.id,
  registration_id: device.registrationId,
  property: device.property,
  installation_id: device.installationId,
  user_id: device.userId,
  user_verified: device.userVerified,
  platform: device.platform,
  address_kind: device.addressKind,
  address_value: device.addressValue,
  locale: device.locale,
  time_zone: device.timeZone,
  last_fact_id: device.lastFact.id,
  updated_at: device.lastFact.time,
});

function toRows(changes: RegistrationChanges): RegistrationRowsJson {
  return {
    users: JSON.stringify(
      changes.newUsers.map(({ clientId, id, externalId }) => ({
        client_id: clientId,
        id,
        external_id: externalId,
      })),
    ),
    facts: JSON.stringify(changes.newFacts.map(factRow)),
    devices: JSON.stringify(changes.newDevices.map(deviceRow)),
    changed: JSON.stringify(
      changes.changedDevices.map(({ device, previousFactId }) => ({
        ...deviceRow(device),
        previous_fact_id: previousFactId,
      })),
    ),
    removed: JSON.stringify(
      changes.removedDevices.map(({ client, id, previousFactId }) => ({
        client_id: client,
        id,
        previous_fact_id: previousFactId,
      })),
    ),
    answers: JSON.stringify(changes.answers.map(answerRow)),
    changedCount: changes.changedDevices.length,
    removedCount: changes.removedDevices.length,
  };
}
