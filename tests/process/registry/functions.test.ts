import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { functionDefinitions } from '../../../infra/local/functions.ts';
import { ROOT } from '../../../infra/local/paths.ts';
import { MAX_CONNECTIONS } from '../../../infra/local/postgres.ts';
import { POOL_SIZE } from '../../../lambdas/time-limits.ts';

interface InvokeConfig {
  function: string;
  deadline_ms: number;
  max_in_flight: number;
}
const functions = functionDefinitions({
  databaseUrl: 'postgres://localhost/registry',
  redisUrl: 'redis://localhost',
  deviceTokenSecrets: '{}',
  firebaseCredentialsDir: '/tmp',
  fcmCa: '/tmp/ca.pem',
  fcmPort: 1,
});
/** The operator's commands, the report, Storm's bolts, and what PostgreSQL keeps for superusers. */
const OTHERS = 30;

t.test('all environments of all functions have fewer connections than the database takes', async (t) => {
  const most = functions.reduce((sum, { concurrency }) => sum + concurrency * POOL_SIZE, 0);
  t.ok(most + OTHERS < MAX_CONNECTIONS, `${most} of ${MAX_CONNECTIONS}`);
});

t.test(
  "a function's time-out is at most a third of a request's deadline, so that a batch can go once more",
  async (t) => {
    const deck = parse(readFileSync(join(ROOT, 'deck.yaml'), 'utf8')) as {
      services: {
        routes: { plugins?: { name: string; config: InvokeConfig }[] }[];
      }[];
    };
    const invocations = deck.services
      .flatMap(({ routes }) => routes.flatMap(({ plugins = [] }) => plugins))
      .filter(({ name }) => name === 'lambda-invoke');
    t.ok(invocations.length > 0);
    for (const { config } of invocations) {
      const definition = functions.find(({ name }) => name === config.function);
      t.ok(definition, `${config.function} is there`);
      t.ok((definition?.timeoutMs ?? 0) <= config.deadline_ms / 3, config.function);
      t.ok(config.max_in_flight <= (definition?.concurrency ?? 0), 'one node alone is not throttled');
    }
  },
);
