import t from 'tap';
import { uuidv7Time } from '../../../contracts/cloud-event.ts';
import { eventsRequest } from '../../../contracts/http.ts';
import { createEvent, SDK } from '../../../sdk/server/src/index.ts';

t.test('an event is one that the contract takes, its id of its time', async (t) => {
  const at = new Date('2026-06-01T12:00:00.123Z');
  const event = createEvent('article.published', { section: 'sport' }, at);
  t.match(event, { type: 'article.published', time: '2026-06-01T12:00:00.123Z', data: { section: 'sport' } });
  t.equal(uuidv7Time(event.id), at.getTime());
  t.ok(eventsRequest.safeParse(JSON.parse(JSON.stringify({ events: [event, createEvent('x')] }))).success);
});

t.test('ids differ, also of one moment, and what the package calls itself fits a context', async (t) => {
  const at = new Date();
  t.equal(new Set(Array.from({ length: 1000 }, () => createEvent('x', undefined, at).id)).size, 1000);
  const context = { property: 'www', installationId: 'installation-1', sessionId: 'session-1', sdk: SDK };
  t.ok(eventsRequest.safeParse({ context, events: [createEvent('x')] }).success);
});
