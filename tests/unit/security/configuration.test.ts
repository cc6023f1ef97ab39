import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { ROOT } from '../../../infra/local/paths.ts';
import { schema as clientAuth } from '../../../plugins/client-auth/schema.ts';
import { schema as kinesisForward } from '../../../plugins/kinesis-forward/schema.ts';
import { schema as lambdaInvoke } from '../../../plugins/lambda-invoke/schema.ts';

const OURS: Record<string, object[]> = {
  'client-auth': clientAuth,
  'lambda-invoke': lambdaInvoke,
  'kinesis-forward': kinesisForward,
};

t.test('no configuration of our plugins says where to connect', async (t) => {
  for (const [plugin, schema] of Object.entries(OURS))
    for (const name of schema.flatMap((field) => Object.keys(field)))
      t.notMatch(name, /url|uri|host|port|endpoint|address|region|proxy/i, `${plugin}.${name}`);
});

interface DeckService {
  url: string;
  plugins: { name: string; config: object }[];
  routes: { plugins?: { name: string; config: object }[] }[];
}

t.test('deck.yaml names no place of the network but the Redis of its environment', async (t) => {
  const deck = parse(readFileSync(join(ROOT, 'deck.yaml'), 'utf8')) as { services: DeckService[] };
  for (const { url, plugins, routes } of deck.services) {
    t.match(url, /^http:\/\/[a-z]+\.invalid$/, 'what RFC 2606 keeps from ever resolving');
    for (const { name, config } of [...plugins, ...routes.flatMap((route) => route.plugins ?? [])]) {
      const text = JSON.stringify(config ?? {});
      t.notMatch(text, /:\/\/|\d+\.\d+\.\d+\.\d+/, name);
      if (/"host"/.test(text)) t.match(text, /"host":"\$\{\{ env \\"DECK_REDIS_HOST\\" \}\}"/, name);
    }
  }
});

/** Who among those that see a request opens connections, and whence the address comes: never from the request. */
const CONNECTING = {
  'lambdas/adapters/call-agent.ts': 'firebase-push.ts, for which it is',
  'lambdas/adapters/firebase-push.ts': "Google's, by firebase-admin",
  'lambdas/adapters/prisma.ts': 'DATABASE_URL',
  'lambdas/adapters/redis-answer-cache.ts': 'REDIS_URL',
  'stream/aws-client.ts': 'AWS_ENDPOINT_URL_*, or the region',
};
const CLIENTS = [
  /\bfetch\(|\bnew (?:EventSource|WebSocket)\b/,
  /import (?!type).*\b(?:request|get|connect|Agent)\b.* from 'node:/,
  /import (?!type).* from '(?:undici|pg|ioredis|firebase-admin\/app|@prisma\/adapter-pg|@aws-sdk\/client-.*)'/,
];

t.test('nothing that handles a request opens a connection of its own', async (t) => {
  const files = globSync('{plugins,stream,lambdas}/**/*.ts', { cwd: ROOT }).filter((file) => {
    const source = readFileSync(join(ROOT, file), 'utf8');
    return !file.includes('generated') && CLIENTS.some((client) => client.test(source));
  });
  t.same(files.sort(), Object.keys(CONNECTING).sort(), 'say here where the address comes from');
});
