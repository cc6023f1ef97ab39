import { randomUUID } from 'node:crypto';
import t from 'tap';
import { openEventCount } from '../../infra/local/load/event-count.ts';
import { closeBooks } from '../../infra/local/load/stored-counts.ts';
import { openStreamReader, type Triple } from '../../infra/local/load/stream-position.ts';
import { analytics, call, closePools, key, registration, run } from './api.ts';

t.teardown(closePools);

const missing = (boot: string, n: number): Triple => ['books-test', boot, String(n)];

/** The triples of this test among those that other tests put on the shared stream at the same time. */
async function ownTriples(triples: Triple[], deviceIds: string[]): Promise<Triple[]> {
  const rows = await analytics<{ producer: string; boot: string; n: string }>(
    `select producer, boot::text, n::text from events where device_id::text = any($1)
     union all
     select d.producer, d.boot::text, d.n::text from duplicates d join events e using (event_id)
     where e.device_id::text = any($1)`,
    deviceIds,
  );
  const own = new Set(rows.map(({ producer, boot, n }) => `${producer} ${boot} ${n}`));
  return triples.filter((triple) => own.has(triple.join(' ')));
}

t.test('what is registered while the stream is read is in the books, stored or a duplicate', async (t) => {
  const before = await call('POST', '/v1/registrations', { key: key('first'), body: registration() });
  const reader = await openStreamReader(run.kinesisUrl, run.stream);
  t.teardown(reader.close);
  const count = await openEventCount(run.analyticsUrl);
  t.teardown(count.close);

  const bodies = Array.from({ length: 10 }, () => registration());
  const answers = await Promise.all(
    bodies.map((body) => call('POST', '/v1/registrations', { key: key('first'), body })),
  );
  t.ok(answers.every(({ status }) => status === 201));
  // the same facts again, in later events of the stream
  const again = await Promise.all(
    bodies.slice(0, 3).map((body) => call('POST', '/v1/registrations', { key: key('first'), body })),
  );
  t.ok(again.every(({ status }) => status === 200));

  const triples = await reader.read();
  t.ok(triples.length >= 13, `${triples.length} events`);
  const seen: number[] = [];
  const all = await closeBooks(run.analyticsUrl, triples, { onProgress: (done) => seen.push(done) });
  t.match(all, { events_received: triples.length, missing: [] });
  t.equal(all.events_stored + all.events_duplicate + all.events_rejected, triples.length);
  t.equal(seen.at(-1), triples.length, 'progress ends at all of them');
  t.ok((await count.count()) >= 13, 'the live count has them, too');

  const ids = answers.map(({ body }) => body.deviceId);
  const own = await ownTriples(triples, ids);
  const books = await closeBooks(run.analyticsUrl, own);
  t.same(books, {
    events_received: 13,
    events_stored: 10,
    events_duplicate: 3,
    events_rejected: 0,
    missing: [],
  });
  t.same(await ownTriples(triples, [before.body.deviceId]), [], 'what was put before is not among them');
});

t.test('an event that never comes is named, after some patience', async (t) => {
  const reader = await openStreamReader(run.kinesisUrl, run.stream);
  t.teardown(reader.close);
  const answer = await call('POST', '/v1/registrations', { key: key('second'), body: registration() });
  t.equal(answer.status, 201);
  const triples = await reader.read();
  await closeBooks(run.analyticsUrl, triples);
  const boot = randomUUID();
  const [here] = await ownTriples(triples, [answer.body.deviceId]);
  const startedAt = Date.now();
  const books = await closeBooks(run.analyticsUrl, [here as Triple, missing(boot, 1), missing(boot, 2)], {
    patienceMs: 300,
  });
  t.ok(Date.now() - startedAt >= 300);
  t.same(
    { ...books, missing: books.missing.map((triple) => triple.join(' ')).sort() },
    {
      events_received: 3,
      events_stored: 1,
      events_duplicate: 0,
      events_rejected: 0,
      missing: [missing(boot, 1).join(' '), missing(boot, 2).join(' ')],
    },
  );
});

t.test('of many that are missing the first twenty are named', async (t) => {
  const boot = randomUUID();
  const triples = Array.from({ length: 30 }, (_, n) => missing(boot, n));
  const books = await closeBooks(run.analyticsUrl, triples, { patienceMs: 0 });
  t.match(books, { events_received: 30, events_stored: 0 });
  t.equal(books.missing.length, 20);
});

t.test('no event at all are books that close at once', async (t) => {
  t.match(await closeBooks(run.analyticsUrl, []), { events_received: 0, events_stored: 0, missing: [] });
});

t.test('an abort ends the wait', async (t) => {
  const abort = new AbortController();
  const books = await closeBooks(run.analyticsUrl, [missing(randomUUID(), 1)], {
    signal: abort.signal,
    onProgress: () => abort.abort(),
  });
  t.equal(books.missing.length, 1);
});
