import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { uuid } from '../../support/admin-fixture.ts';
import { ask } from '../../support/gateway-fixture.ts';
import { newKey } from '../../support/keys.ts';
import { gatewayWithClientAuth } from './client-auth-gateway.ts';

t.test('a key rotated and revoked under load: within 2 s, and no request is dropped', async (t) => {
  const { gateway, call } = await gatewayWithClientAuth(t);

  const [before, after] = [newKey('pk'), newKey('pk')];
  const consumer = (...tags: string[]) =>
    call('PUT', `/consumers/${uuid(1)}`, { username: 'acme', tags: [...tags, 'origin:www.acme.example'] });
  await call('PUT', `/services/${uuid(2)}`, { name: 's', host: 's.invalid' });
  await call('PUT', `/plugins/${uuid(4)}`, { name: 'client-auth', config: { kind: 'pk' } });
  const answers200 = { name: 'request-termination', config: { status_code: 200, message: 'in' } };
  await call('PUT', `/plugins/${uuid(5)}`, answers200);
  await consumer(before.tag);
  await call('PUT', `/routes/${uuid(3)}`, { name: 'r', paths: ['/x'], service: { id: uuid(2) } });

  const status = async ({ key }: { key: string }) =>
    (await ask(gateway.proxyPort, '/x', { headers: { 'x-api-key': key } })).status;
  const within2s = (what: string, condition: () => Promise<boolean>) =>
    waitUntil(what, condition, { timeoutMs: 2_000, everyMs: 5 });
  await within2s('the first key is taken', async () => (await status(before)) === 200);

  const seen = new Map<number | string, number>();
  let running = true;
  const load = Array.from({ length: 16 }, async () => {
    while (running) {
      const outcome = await status(before).catch((error: Error) => error.message);
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    }
  });
  await consumer(before.tag, after.tag);
  await within2s('the second key is taken', async () => (await status(after)) === 200);
  t.equal(await status(before), 200, 'the two overlap');
  t.same([...seen.keys()], [200], 'nobody was dropped');

  // another plugin's change, which starts a new instance, in the midst of it
  await call('PATCH', `/plugins/${uuid(4)}`, { config: { cache_size: 77 } });
  await consumer(after.tag);
  await within2s('the first key is refused', async () => (await status(before)) === 401);
  t.equal(await status(after), 200);
  running = false;
  await Promise.all(load);
  t.same([...seen.keys()].sort(), [200, 401], 'each request had an answer');
  t.ok((seen.get(200) ?? 0) > 16 && (seen.get(401) ?? 0) > 0);
});

t.test('a disabled client and an origin taken away are honoured within 2 s', async (t) => {
  const { gateway, call } = await gatewayWithClientAuth(t);
  const { key, tag } = newKey('pk');
  await call('PUT', `/services/${uuid(2)}`, { name: 's', host: 's.invalid' });
  await call('POST', '/plugins', { name: 'client-auth', config: { kind: 'pk' } });
  await call('POST', '/plugins', { name: 'request-termination', config: { status_code: 200 } });
  await call('POST', '/routes', { name: 'r', paths: ['/x'], service: { id: uuid(2) } });
  const consumer = (...tags: string[]) =>
    call('PUT', `/consumers/${uuid(1)}`, { username: 'acme', tags: [tag, ...tags] });
  const headers = { 'x-api-key': key, origin: 'https://www.acme.example' };
  const becomes = (status: number, code?: string) =>
    waitUntil(
      `${status} ${code ?? ''}`,
      async () => {
        const answer = await ask(gateway.proxyPort, '/x', { headers });
        return answer.status === status && (code === undefined || answer.body.includes(`"${code}"`));
      },
      { timeoutMs: 2_000, everyMs: 5 },
    );
  await consumer('origin:www.acme.example');
  await becomes(200);
  await consumer('origin:other.example');
  await becomes(403, 'origin_not_allowed');
  await consumer('origin:www.acme.example');
  await becomes(200);
  await consumer('origin:www.acme.example', 'disabled');
  await becomes(403, 'client_disabled');
  await call('DELETE', '/consumers/acme');
  await becomes(401, 'key_invalid');
});
