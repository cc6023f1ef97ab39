import t from 'tap';
import { v7 } from 'uuid';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { analytics, call, closePools, key } from './api.ts';

t.teardown(closePools);

const event = (overrides: Record<string, unknown> = {}) => ({
  id: v7(),
  type: 'page_view',
  time: new Date().toISOString(),
  data: { page: { url: 'https://www.example.com/news/1' } },
  ...overrides,
});

const table = (name: string, id: string) => analytics(`select * from ${name} where event_id = $1`, id);

t.test('analytics events are accepted without a function and stored under their own type', async (t) => {
  const events = [event(), event({ type: 'pistats.registration.created' })];
  const answer = await call('POST', '/v1/events', { key: key('first'), body: { events } });
  t.match(answer, { status: 202, body: { accepted: 2 } });
  for (const { id, type } of events) {
    const [row] = await waitUntil(`event ${id}`, async () => {
      const rows = await table('events', id);
      return rows.length > 0 ? rows : null;
    });
    t.match(row, { client_id: 'first', type: `client.${type}` });
  }
});

t.test('property, device and session are said once a request, and are columns of each event', async (t) => {
  const context = {
    property: 'www',
    installationId: 'installation-of-events',
    deviceId: '0190a0c0-0000-7000-8000-000000000009',
    userId: 'reader-1',
    sessionId: v7(),
    sdk: { name: '@pistats/web', version: '0.0.0' },
  };
  const events = [event({ seq: 1 }), event({ seq: 3, type: 'engagement', data: { seconds: 12 } })];
  t.match(await call('POST', '/v1/events', { key: key('first'), body: { context, events } }), {
    status: 202,
  });
  const rows = await waitUntil('both events', async () => {
    const found = await analytics(
      'select * from events where session_id = $1 order by seq',
      context.sessionId,
    );
    return found.length === 2 ? found : null;
  });
  for (const [index, row] of rows.entries())
    t.match(row, {
      property: 'www',
      installation_id: context.installationId,
      device_id: context.deviceId,
      user_id: 'reader-1',
      sdk: '@pistats/web/0.0.0',
      seq: [1, 3][index],
    });
});

t.test('sendBeacon: text/plain with the key in the body', async (t) => {
  const body = JSON.stringify({ key: key('first'), events: [event()] });
  const answer = await call('POST', '/v1/events', { body, headers: { 'content-type': 'text/plain' } });
  t.match(answer, { status: 202, body: { accepted: 1 } });
});

t.test('an id outside the clock bounds is kept as a rejected event', async (t) => {
  const id = v7({ msecs: Date.now() - 8 * 86_400_000 });
  t.match(await call('POST', '/v1/events', { key: key('first'), body: { events: [event({ id })] } }), {
    status: 202,
  });
  const [row] = await waitUntil('the rejected event', async () => {
    const rows = await analytics('select * from rejected_events where payload::text like $1', `%${id}%`);
    return rows.length > 0 ? rows : null;
  });
  t.match(row, { reason: 'clock' });
  t.same(await table('events', id), []);
});

t.test('an id that is no UUIDv7, or no events: 400 body_invalid', async (t) => {
  for (const events of [[event({ id: 'x' })], [], Array.from({ length: 101 }, () => event())])
    t.match(await call('POST', '/v1/events', { key: key('first'), body: { events } }), {
      status: 400,
      body: { code: 'body_invalid' },
    });
});
