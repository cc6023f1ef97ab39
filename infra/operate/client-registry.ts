import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PrismaClient } from '../../lambdas/generated/prisma/client.ts';
import { generatePrismaClient } from '../../prisma/generate.ts';
import { ROOT, STATE_DIR } from '../local/paths.ts';
import { readRunInfo } from '../local/run-info.ts';
import { StopError } from '../local/stop-error.ts';
import { BAD_USAGE } from './run-program.ts';

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
  /**
   * False when there is no such client. The secret verifies user tokens; whatever was signed with the one before is
   * refused.
   */
  setIdentitySecret(name: string, secret: string): Promise<boolean>;
  list(): Promise<RegisteredClient[]>;
}

/** `--registry`, else DATABASE_URL, else that of the local stack that runs. @throws StopError when there is none */
export function registryUrl(
  option: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const given = option ?? environment.DATABASE_URL;
  if (given) return given;
  const runFile = environment.PISTATS_RUN ?? join(STATE_DIR, 'run.json');
  const url = existsSync(runFile) ? readRunInfo(runFile).registryUrl : undefined;
  if (url) return url;
  throw new StopError('no registry: give --registry, set DATABASE_URL, or start the local stack.', BAD_USAGE);
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

/** Prisma's client is generated code: in a checkout that was never set up it is made first. */
const GENERATED = join(ROOT, 'lambdas/generated/prisma/client.ts');

async function within<T>(url: string, work: (prisma: PrismaClient) => Promise<T>): Promise<T> {
  if (!existsSync(GENERATED)) await generatePrismaClient();
  const { connectRegistry, databaseError } = await import('../../lambdas/adapters/prisma.ts');
  const { prisma } = connectRegistry(url);
  try {
    return await work(prisma);
  } catch (error) {
    const { code, place, message } = databaseError(error);
    const reason = REASONS[code ?? ''] ?? (place ? `nothing answers at ${place}` : message || code);
    throw new StopError(`the registry failed: ${reason ?? 'no reason given'}.`);
  } finally {
    await prisma.$disconnect();
  }
}

/** SQLSTATEs that an operator can act on (PostgreSQL manual, appendix A). */
const REASONS: Record<string, string> = {
  '28P01': 'the password is wrong',
  '3D000': 'there is no such database',
  '42P01': 'it has no tables yet, run its migrations first',
  '42501': 'this role may not do that; use the owner',
};
