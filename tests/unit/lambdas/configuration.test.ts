import t from 'tap';
import { deviceTokenSecrets, required } from '../../../lambdas/configuration.ts';

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
