import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { freePort } from '../../../infra/local/free-port.ts';
import { ROOT } from '../../../infra/local/paths.ts';
import { registryDatabase } from '../../support/registry-database.ts';
import { registerEvent, registration } from '../../support/requests.ts';

const database = await registryDatabase(t, 'demo');
const SECRET = 'hunter2';
const TOKEN = 'a-push-token-of-somebody';
const SETTINGS = {
  DATABASE_URL: database.writerUrl,
  DEVICE_TOKEN_SECRETS: JSON.stringify({ k1: `${SECRET} and thirty-two characters at least` }),
  AWS_LAMBDA_FUNCTION_NAME: 'pistats-registrations',
};
const event = registerEvent(registration({ address: { kind: 'fcm_token', value: TOKEN } }));

/** Invokes the function as it is deployed, in an environment of its own: its answer, and what it wrote. */
async function invoke(settings: Record<string, string | undefined>) {
  const script = `
    const context = { getRemainingTimeInMillis: () => 3300, awsRequestId: 'invocation-1', functionName: 'f', memoryLimitInMB: '512' };
    const { handler } = await import(process.argv[1]);
    const answer = await handler(JSON.parse(process.argv[2]), context);
    console.log(JSON.stringify({ answer }));
    process.exit();`;
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      script,
      join(ROOT, 'dist/lambdas/registrations/index.mjs'),
      JSON.stringify(event),
    ],
    { env: { PATH: process.env.PATH, ...SETTINGS, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  const lines = `${out}${err}`.split('\n').filter((line) => line.startsWith('{'));
  const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    all: `${out}${err}`,
    answer: parsed.find((one) => 'answer' in one)?.answer as
      | { statusCode: number; headers: object }
      | undefined,
    failures: parsed.filter((one) => 'cause' in one),
  };
}

const at = (
  parts: Partial<Record<'username' | 'password' | 'hostname' | 'port' | 'pathname' | 'search', string>>,
) => Object.assign(new URL(database.writerUrl), parts).href;

const CASES: [what: string, DATABASE_URL: string, cause: RegExp][] = [
  ['a wrong password', at({ password: SECRET }), /^28P01$|^AuthenticationFailed$/],
  ['a login that there is not', at({ username: 'nobody' }), /^28|AuthenticationFailed/],
  ['a database that there is not', at({ pathname: '/nowhere' }), /^3D000$|DatabaseDoesNotExist/],
  [
    'a host that there is not',
    at({ hostname: 'registry.invalid' }),
    /ENOTFOUND|EAI_AGAIN|DatabaseNotReachable/,
  ],
  ['a port that nobody listens on', at({ port: '1' }), /ECONNREFUSED|DatabaseNotReachable/],
  ['TLS where the server has none', at({ search: '?sslmode=verify-full' }), /./],
];

for (const [what, DATABASE_URL, cause] of CASES)
  t.test(`${what}: 503, and a line that says why`, async (t) => {
    const { answer, failures, all } = await invoke({ DATABASE_URL });
    t.match(answer, { statusCode: 503, headers: { 'retry-after': /^\d+$/ } });
    t.match(failures, [
      {
        level: 'WARN',
        message: 'registry_unavailable',
        cause,
        count: 1,
        requestIds: [event.requestContext.requestId],
        function_request_id: 'invocation-1',
      },
    ]);
    t.equal(failures.length, 1);
    t.comment(`${failures[0]?.cause}`);
    for (const secret of [SECRET, TOKEN, 'nowhere']) t.notMatch(all, new RegExp(secret), secret);
  });

t.test('a table that is missing: 503, until somebody has migrated', async (t) => {
  await database.rows('alter table device rename to devices');
  t.teardown(() => database.rows('alter table devices rename to device'));
  const { answer, failures } = await invoke({});
  t.match(answer, { statusCode: 503 });
  t.match(failures, [{ message: 'registry_unavailable', cause: '42P01' }]);
});

t.test('a setting that is missing or wrong ends the environment with its name', async (t) => {
  for (const [setting, value] of [
    ['DATABASE_URL', undefined],
    ['DATABASE_URL', `db.internal ${SECRET}`],
    ['REDIS_URL', `cache:6379?${SECRET}`],
    ['DEVICE_TOKEN_SECRETS', SECRET],
    ['DEVICE_TOKEN_SECRETS', JSON.stringify({ k1: SECRET })],
    ['PISTATS_PREPARED_STATEMENTS', SECRET],
  ] as [string, string | undefined][]) {
    const { answer, failures, all } = await invoke({ [setting]: value });
    t.equal(answer, undefined, setting);
    t.match(failures, [{ message: 'setting_wrong', cause: 'SettingError', setting }], `${setting}: ${value}`);
    t.match(all, new RegExp(`${setting} (?:is|must|has)`), 'and the sentence says what');
    t.notMatch(all, new RegExp(SECRET));
  }
});

t.test('Redis that is away or refuses the login costs nobody an answer, and is told', async (t) => {
  const { answer, failures, all } = await invoke({
    REDIS_URL: `redis://user:${SECRET}@127.0.0.1:${await freePort()}`,
  });
  t.match(answer, { statusCode: 201 });
  t.match(failures[0], { message: 'answer_cache_unavailable', cause: 'ECONNREFUSED' });
  t.notMatch(all, new RegExp(SECRET));
});
