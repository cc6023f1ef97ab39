import { join } from 'node:path';
import t from 'tap';
import { describeTarget, findTarget, spoolDirs } from '../../../infra/operate/target.ts';

const STACK = {
  registryUrl: 'postgres://postgres:x@127.0.0.1:5001/registry',
  analyticsUrl: 'postgres://postgres:x@127.0.0.1:5001/analytics',
  stream: 'pistats-events',
  kinesisUrl: 'http://127.0.0.1:5002',
  spoolDir: '/var/stack/spool',
};
const ALL = ['registry', 'analytics', 'stream'] as const;
const CLOUD = {
  DATABASE_URL: 'postgres://owner:secret@registry.example/registry',
  ANALYTICS_URL: 'postgres://owner:secret@analytics.example/analytics',
  PISTATS_STREAM: 'events',
  AWS_REGION: 'eu-west-1',
};

const stackDir = t.testdir({ 'run.json': JSON.stringify(STACK), 'bad.json': '{' });
const withStack = (env: NodeJS.ProcessEnv = {}) => ({ PISTATS_RUN: join(stackDir, 'run.json'), ...env });
const withoutStack = (env: NodeJS.ProcessEnv = {}) => ({ PISTATS_RUN: join(stackDir, 'none.json'), ...env });

t.test('the local stack for all, whatever region, endpoint and login the shell names', async (t) => {
  for (const shell of [
    {},
    { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AKIA' },
    { AWS_ENDPOINT_URL_KINESIS: 'https://kinesis.eu-west-1.amazonaws.com' },
    { DATABASE_URL: STACK.registryUrl, ANALYTICS_URL: STACK.analyticsUrl.replace('postgres:x', 'reader:y') },
    { PISTATS_STREAM: STACK.stream },
  ]) {
    const env: NodeJS.ProcessEnv = withStack(shell);
    const target = findTarget(ALL, {}, env);
    t.same(target, {
      where: 'local',
      registry: STACK.registryUrl,
      analytics: STACK.analyticsUrl,
      stream: STACK.stream,
    });
    t.match(env, { AWS_ENDPOINT_URL_KINESIS: STACK.kinesisUrl, AWS_ACCESS_KEY_ID: 'local' });
    t.equal(describeTarget(target, env), 'working on the local stack.');
  }
});

t.test('what is given for all is taken, beside a local stack, too; its login is not told', async (t) => {
  for (const env of [withStack(CLOUD), withoutStack(CLOUD)]) {
    const target = findTarget(ALL, {}, env);
    t.match(target, { where: 'given', registry: CLOUD.DATABASE_URL, stream: 'events' });
    t.notOk('AWS_ENDPOINT_URL_KINESIS' in env);
    t.equal(
      describeTarget(target, env),
      'working on registry registry.example/registry, analytics analytics.example/analytics, stream events (eu-west-1).',
    );
  }
  const { DATABASE_URL, ...rest } = CLOUD;
  t.match(findTarget(ALL, { registry: DATABASE_URL }, withStack(rest)), { registry: DATABASE_URL });
});

t.test('a mixture is refused', async (t) => {
  for (const [env, sentence] of [
    [
      { ANALYTICS_URL: CLOUD.ANALYTICS_URL },
      /^ANALYTICS_URL is not of the local stack.*PISTATS_STREAM, too, or none/,
    ],
    [{ PISTATS_STREAM: 'events', AWS_REGION: 'eu-west-1' }, /^PISTATS_STREAM is not of/],
    [{ ...CLOUD, DATABASE_URL: undefined }, /set DATABASE_URL \(or --registry\), too/],
    [{ ...CLOUD, AWS_ENDPOINT_URL_KINESIS: STACK.kinesisUrl }, /AWS_ENDPOINT_URL_KINESIS is the local stack/],
    [{ ...CLOUD, AWS_ENDPOINT_URL: `${STACK.kinesisUrl}/` }, /is the local stack/],
  ] as [NodeJS.ProcessEnv, RegExp][])
    t.throws(() => findTarget(ALL, {}, withStack(env)), {
      code: 'mixed_target',
      exitCode: 2,
      message: sentence,
    });
});

t.test('nothing to work on, or not enough: what to set', async (t) => {
  const refused = (env: NodeJS.ProcessEnv, code: string, message: RegExp) =>
    t.throws(() => findTarget(ALL, {}, env), { code, exitCode: 2, message });
  refused(
    withoutStack(),
    'no_target',
    /set DATABASE_URL \(or --registry\), ANALYTICS_URL, PISTATS_STREAM, or start/,
  );
  refused(withoutStack({ ...CLOUD, PISTATS_STREAM: '' }), 'no_target', /set PISTATS_STREAM, or start/);
  refused(withoutStack({ ...CLOUD, AWS_REGION: '' }), 'aws_settings', /AWS_REGION is not set/);
  refused({ PISTATS_RUN: join(stackDir, 'bad.json') }, 'no_target', /is no run\.json/);
});

t.test('a command that needs one part takes that one', async (t) => {
  t.same(findTarget(['registry'], {}, withStack({ PISTATS_STREAM: 'events' })), {
    where: 'local',
    registry: STACK.registryUrl,
  });
  t.same(findTarget(['analytics'], {}, withStack(CLOUD)), { where: 'given', analytics: CLOUD.ANALYTICS_URL });
});

t.test('spools: --spool, else PISTATS_SPOOL_DIR, else the stack’s; none beside a cloud', async (t) => {
  t.same(spoolDirs(['/a', '/b'], 'local', withStack({ PISTATS_SPOOL_DIR: '/c' })), ['/a', '/b']);
  t.same(spoolDirs([], 'given', withStack({ PISTATS_SPOOL_DIR: '/c' })), ['/c']);
  t.same(spoolDirs([], 'given', withStack()), []);
  t.same(spoolDirs([], 'local', withStack()), [STACK.spoolDir]);
  t.same(spoolDirs([], undefined, withStack()), [STACK.spoolDir]);
  t.throws(() => spoolDirs([], 'local', withStack({ PISTATS_SPOOL_DIR: '/c' })), { code: 'mixed_target' });
});
