import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { v7 } from 'uuid';
import type { InvocationEvent } from '../../contracts/invocation.ts';
import { settingsOf } from '../../infra/local/database-roles.ts';
import { readRunInfo } from '../../infra/local/run-info.ts';
import { type NewClient, openClientRegistry } from '../../infra/operate/client-registry.ts';
import { connectRegistry } from '../../lambdas/adapters/prisma.ts';
import { createPrismaRegistrationStore } from '../../lambdas/adapters/prisma-registration-store.ts';
import { createPrismaSubscriptionStore } from '../../lambdas/adapters/prisma-subscription-store.ts';
import { FUNCTION_SETTINGS } from '../../lambdas/adapters/session-settings.ts';
import type { AnswerCache } from '../../lambdas/ports/answers.ts';
import { processRegistrations } from '../../lambdas/registrations/process.ts';
import { processSubscriptions } from '../../lambdas/subscriptions/process.ts';
import { migrateRegistry } from '../../prisma/migrate.ts';
import { noCache } from './memory-registry.ts';
import { answerOf, tokens } from './requests.ts';

interface Teardown {
  teardown(f: () => unknown): unknown;
}

/** A registry of the test's own, and a login for its functions and for its readers; all dropped at the end. */
export async function registryDatabase(t: Teardown, ...clients: (string | NewClient)[]) {
  const { adminUrl } = readRunInfo();
  const name = `registry_test_${randomBytes(6).toString('hex')}`;
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  await migrateRegistry(url.href);
  const pool = new pg.Pool({ connectionString: url.href, max: 4 });
  // sessions that the drop ends
  pool.on('error', () => {});
  const logins = ['writer', 'reader'].map((role) => ({ role, login: `${name}_${role}` }));
  for (const { role, login } of logins)
    await pool.query(`create role ${login} login password 'test' in role pistats_${role}`);
  for (const statement of settingsOf(`${name}_writer`, FUNCTION_SETTINGS)) await pool.query(statement);
  t.teardown(async () => {
    await pool.end();
    const admin = new pg.Client({ connectionString: adminUrl });
    await admin.connect();
    await admin.query(`drop database if exists ${name} with (force)`);
    for (const { login } of logins) await admin.query(`drop role ${login}`);
    await admin.end();
  });
  const registry = openClientRegistry(url.href);
  for (const client of clients)
    await registry.add(typeof client === 'string' ? { name: client, properties: ['www'] } : client);
  const as = (role: string) => {
    const login = new URL(url.href);
    login.username = `${name}_${role}`;
    login.password = 'test';
    return login.href;
  };
  return {
    url: url.href,
    writerUrl: as('writer'),
    readerUrl: as('reader'),
    pool,
    // biome-ignore lint/suspicious/noExplicitAny: rows of a test's own query
    rows: async (text: string, ...values: unknown[]): Promise<any[]> => (await pool.query(text, values)).rows,
  };
}

export type RegistryDatabase = Awaited<ReturnType<typeof registryDatabase>>;

/** One environment of the functions: a connection of its own. */
export function environment(t: Teardown, writerUrl: string, answers: AnswerCache = noCache) {
  const registry = connectRegistry(writerUrl);
  t.teardown(() => registry.prisma.$disconnect());
  const ports = { answers, tokens, now: () => new Date(), newId: () => v7() };
  const registrations = { ...ports, store: createPrismaRegistrationStore(registry) };
  const subscriptions = { ...ports, store: createPrismaSubscriptionStore(registry) };
  const register = async (...events: InvocationEvent[]) =>
    (await processRegistrations(events, registrations)).map(answerOf);
  return {
    registry,
    register,
    one: async (event: InvocationEvent) => (await register(event))[0] as ReturnType<typeof answerOf>,
    subscribe: async (...events: InvocationEvent[]) =>
      (await processSubscriptions(events, subscriptions)).map(answerOf),
  };
}
