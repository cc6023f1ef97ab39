import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PrismaClient } from '../../lambdas/generated/prisma/client.ts';
import { generatePrismaClient } from '../../prisma/generate.ts';
import { ROOT } from '../local/paths.ts';
import { explainDatabaseError } from './database-error.ts';

export interface NewClient {
  name: string;
  properties: string[];
  firebaseProject?: string;
  identityVerification?: 'off' | 'required';
}

export interface RegisteredClient {
  name: string;
  status: 'active' | 'disabled';
  properties: string[];
  firebaseProject: string | null;
  identityVerification: 'off' | 'required';
}

/** What the operator's commands need of the registry; each call may be repeated. */
export interface ClientRegistry {
  /** Adds a client, or completes one that is there: its properties are added to, nothing is taken away. */
  add(client: NewClient): Promise<void>;
  disable(name: string): Promise<void>;
  /** False when there is no such client. */
  enable(name: string): Promise<boolean>;
  /**
   * False when there is no such client. The secret verifies user tokens; whatever was signed with the one before is
   * refused.
   */
  setIdentitySecret(name: string, secret: string): Promise<boolean>;
  list(): Promise<RegisteredClient[]>;
}

/** The clients in the registry at `url`, as its owner; each call is a connection of its own. Throws StopErrors. */
export function openClientRegistry(url: string): ClientRegistry {
  return {
    async add({ name, properties, firebaseProject, identityVerification }) {
      const given = { firebaseProject, identityVerification };
      await within(url, (prisma) =>
        prisma.$transaction([
          prisma.client.upsert({
            where: { name },
            create: { name, ...given },
            update: { status: 'active', ...given },
          }),
          prisma.property.createMany({
            data: properties.map((property) => ({ clientId: name, name: property })),
            skipDuplicates: true,
          }),
        ]),
      );
    },
    async disable(name) {
      await within(url, (prisma) =>
        prisma.client.updateMany({ where: { name }, data: { status: 'disabled' } }),
      );
    },
    async enable(name) {
      const { count } = await within(url, (prisma) =>
        prisma.client.updateMany({ where: { name }, data: { status: 'active' } }),
      );
      return count > 0;
    },
    async setIdentitySecret(name, identitySecret) {
      const { count } = await within(url, (prisma) =>
        prisma.client.updateMany({ where: { name }, data: { identitySecret } }),
      );
      return count > 0;
    },
    async list() {
      const rows = await within(url, (prisma) =>
        prisma.client.findMany({
          select: {
            name: true,
            status: true,
            firebaseProject: true,
            identityVerification: true,
            properties: { select: { name: true }, orderBy: { name: 'asc' } },
          },
          orderBy: { name: 'asc' },
        }),
      );
      // status and identityVerification: CHECKs of the table
      return rows.map((row) => ({
        ...row,
        properties: row.properties.map((one) => one.name),
      })) as RegisteredClient[];
    },
  };
}

/** A change of the Firebase project marks everything that FCM has of the client: seconds for a million rows. */
const QUERY_TIMEOUT_MS = 600_000;

/** Prisma's client is generated code: in a checkout that was never set up it is made first. */
const GENERATED = join(ROOT, 'lambdas/generated/prisma/client.ts');

async function within<T>(url: string, work: (prisma: PrismaClient) => Promise<T>): Promise<T> {
  if (!existsSync(GENERATED)) await generatePrismaClient();
  const { connectRegistry, databaseError } = await import('../../lambdas/adapters/prisma.ts');
  const { prisma } = connectRegistry(url, { queryTimeoutMs: QUERY_TIMEOUT_MS });
  try {
    return await work(prisma);
  } catch (error) {
    const { code, tls, place, message } = databaseError(error);
    // the adapter's code of a connection that failed is its own
    const cause = place ? { code: 'ECONNREFUSED' } : { code: code ?? tls, message };
    throw explainDatabaseError('registry', cause) ?? error;
  } finally {
    await prisma.$disconnect();
  }
}
