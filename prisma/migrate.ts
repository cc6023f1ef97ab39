import { connectionUrl, tlsProblem } from '../contracts/database-url.ts';
import { runPrisma } from './run-prisma.ts';

/** Applies the registry's migrations as the owner in `databaseUrl`; makes the database where it is missing. */
export async function migrateRegistry(databaseUrl: string): Promise<void> {
  await runPrisma(['migrate', 'deploy'], { DATABASE_URL: connectionUrl(databaseUrl) });
}

if (import.meta.main) {
  const { DATABASE_URL } = process.env;
  if (!DATABASE_URL) {
    process.stderr.write('DATABASE_URL is not set: the URL of the registry, as its owner\n');
    process.exit(2);
  }
  const problem = tlsProblem(DATABASE_URL);
  if (problem) {
    process.stderr.write(`DATABASE_URL ${problem}\n`);
    process.exit(2);
  }
  await migrateRegistry(DATABASE_URL);
}
