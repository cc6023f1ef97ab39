import { runPrisma } from './run-prisma.ts';

/** Writes the Prisma client to lambdas/generated/prisma. */
export async function generatePrismaClient(): Promise<void> {
  await runPrisma(['generate']);
}

if (import.meta.main) await generatePrismaClient();
