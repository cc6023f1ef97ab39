import t from 'tap';
import { databaseUrl, deviceTokenSecrets, redisUrl, required } from '../../../lambdas/configuration.ts';

function setting(name: string, value: string | undefined) {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

t.test('a setting that is missing or empty is named', async (t) => {
  for (const value of [undefined, '']) {
    setting('DATABASE_URL', value);
    t.throws(() => required('DATABASE_URL'), { message: 'DATABASE_URL is not set' });
  }
  setting('DATABASE_URL', 'postgres://x');
  t.equal(required('DATABASE_URL'), 'postgres://x');
});

t.test('the secrets of device tokens: an object of strings, in its order', async (t) => {
  setting('DEVICE_TOKEN_SECRETS', '{"k2":"new","k1":"old"}');
  t.same(Object.entries(deviceTokenSecrets()), [
    ['k2', 'new'],
    ['k1', 'old'],
  ]);
  setting('DEVICE_TOKEN_SECRETS', '{k1');
  t.throws(deviceTokenSecrets, { message: 'DEVICE_TOKEN_SECRETS is not JSON' });
  for (const text of ['null', '[]', '["x"]', '"x"', '1', '{"k1":1}', '{"k1":null}']) {
    setting('DEVICE_TOKEN_SECRETS', text);
    t.throws(deviceTokenSecrets, { message: /must be an object of strings/ }, text);
  }
});

t.test('URLs: what is wrong is named, and the value is not told', async (t) => {
  for (const value of [
    'db.internal/registry',
    'http://user:hunter2@db/registry',
    'postgres//user:hunter2@db',
    'redis://x',
  ]) {
    setting('DATABASE_URL', value);
    t.throws(
      databaseUrl,
      { message: 'DATABASE_URL is no URL that begins with postgres:// or postgresql://' },
      value,
    );
  }
  for (const value of [
    'postgres://u:p@h:5432/d',
    'postgresql://h/d?sslmode=verify-full',
    'postgres:///d?host=/run/postgresql',
  ]) {
    setting('DATABASE_URL', value);
    t.equal(databaseUrl(), value);
  }
  for (const value of ['rediss://user:hunter2@cache:6379', 'redis://127.0.0.1:1', undefined]) {
    setting('REDIS_URL', value);
    t.equal(redisUrl(), value);
  }
  setting('REDIS_URL', 'cache:6379');
  t.throws(redisUrl, { message: /^REDIS_URL is no URL/ });
});
