import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { ROUTES } from '../../contracts/routes.ts';
import { closeBooks } from '../../infra/local/load/stored-counts.ts';
import { openStreamReader } from '../../infra/local/load/stream-position.ts';
import { call, closePools, key, registration, run } from './api.ts';
import { bodiesOf } from './arbitraries.ts';
import { HOSTILE } from './hostile.ts';
import { ask, codeOf, exchange, type RawRequest } from './raw-request.ts';

t.teardown(closePools);

/** About how many requests; a night may take more: FUZZ_RUNS=20000 with TAP_TIMEOUT=3600. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 400);
/** What failed once is run again by its seed. */
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
/** Requests under way at a time, so that what is bad meets what is good in one batch. */
const TOGETHER = 10;

const reader = await openStreamReader(run.kinesisUrl, run.stream);
t.teardown(reader.close);
const pk = key('first');
const made = async () => (await call('POST', '/v1/registrations', { key: pk, body: registration() })).body;
/** one that joins and leaves topics, and one that is opted out sooner or later */
const [mine, other] = [await made(), await made()];
const answered = new Map<number, number>();

/** 500, 502, 504 and no answer are faults of ours; so is 503, while every part is up and the client known. */
function judge(status: number, sent: string): void {
  answered.set(status, (answered.get(status) ?? 0) + 1);
  if (![200, 201, 202, 204, 400, 401, 403, 404, 405, 409, 411, 413, 414, 417, 422, 431].includes(status))
    throw new Error(`answered ${status} to ${sent}`);
}

const latin1 = fc
  .string({ unit: 'binary', maxLength: 200 })
  .map((text) => [...Buffer.from(text)].filter((byte) => byte > 31 && byte !== 127))
  .map((bytes) => Buffer.from(bytes).toString('latin1'));
const type = fc.oneof(
  { weight: 8, arbitrary: fc.constant('application/json') },
  fc.constantFrom(
    'text/plain',
    'text/plain;charset=UTF-8',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
  ),
  latin1,
);
const headers = fc
  .record(
    {
      'content-type': type,
      'x-api-key': fc.oneof({ weight: 15, arbitrary: fc.constant(pk) }, fc.constant(key('second')), latin1),
      'x-device-token': fc.oneof(
        fc.constant(mine.deviceToken),
        fc.constant(other.deviceToken),
        fc.constant(''),
        latin1,
      ),
      'idempotency-key': fc.oneof(fc.uuid(), latin1),
      'content-encoding': fc.constantFrom('gzip', 'identity', 'x'),
      'x-forwarded-for': fc.oneof(fc.ipV4(), fc.ipV6(), latin1),
      'user-agent': latin1,
      accept: fc.oneof(fc.constant('application/json'), latin1),
    },
    { requiredKeys: ['content-type', 'x-api-key'] },
  )
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== '')));

const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));
/** JSON that someone cut, doubled or changed one byte of. */
const broken = (json: fc.Arbitrary<string>) =>
  fc.tuple(json, fc.nat(), fc.nat(255)).map(([text, at, byte]) => {
    const copy = Buffer.from(text);
    if (copy.length > 0) copy[at % copy.length] = byte;
    return byte % 5 === 0 ? copy.subarray(0, at % (copy.length + 1)) : copy;
  });

const id = fc.oneof(
  fc.constant(other.registrationId as string),
  fc.uuid(),
  fc.constantFrom(...Object.values(HOSTILE)),
);
/** An unknown registration is soon answered, and so is a user's token: half of them are one that there is, or none. */
function toJson(body: unknown): string {
  const text = JSON.stringify(body) ?? '';
  const token = (body as { user?: { token?: unknown } } | null)?.user?.token;
  const parsed = typeof token === 'string' && token.length % 2 === 0 ? JSON.parse(text) : null;
  if (parsed) delete parsed.user.token;
  const sent = parsed ? JSON.stringify(parsed) : text;
  return sent.replace(/("registrationId":)"[0-8][^"]*"/, `$1"${mine.registrationId}"`);
}

const requests: fc.Arbitrary<RawRequest>[] = ROUTES.map((route) => {
  const json: fc.Arbitrary<string> = route.request
    ? bodiesOf(route.request.schema).map(toJson)
    : fc.constant('');
  const body = fc.oneof(
    { weight: 12, arbitrary: json },
    { weight: 3, arbitrary: broken(json) },
    { weight: 1, arbitrary: bytes },
    { weight: 1, arbitrary: fc.json({ maxDepth: 8 }) },
  );
  const path = route.path.includes('{id}')
    ? id.map((one) => route.path.replace('{id}', encodeURIComponent(one.toWellFormed()).slice(0, 4_000)))
    : fc.constant(route.path);
  const method = fc.constant(route.method.toUpperCase());
  return fc.record({ method, path, headers, body, chunked: fc.boolean() });
});

const describe = ({ method, path, headers, body }: RawRequest) =>
  `${method} ${path} ${JSON.stringify(headers)} ${String(body).slice(0, 500)}`.replaceAll(pk, '<pk>');

t.test('any request on any route: an answer in time, and never an error of ours', async (t) => {
  t.comment(`FUZZ_SEED=${seed} FUZZ_RUNS=${RUNS}`);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(...requests), { minLength: 1, maxLength: TOGETHER }),
      async (together) => {
        const each = await Promise.all(together.map(async (one) => ({ one, answer: await ask(one) })));
        for (const { one, answer } of each) {
          judge(answer.status, describe(one));
          if (answer.status >= 400 && answer.headers['content-type']?.includes('problem+json'))
            if (!codeOf(answer)) throw new Error(`no code in the answer to ${describe(one)}`);
        }
      },
    ),
    { numRuns: Math.ceil(RUNS / (TOGETHER / 2)), seed, endOnFailure: true },
  );
  t.comment(`answered ${JSON.stringify([...answered].sort())}`);
  // a fuzzer that is refused at the door tests nothing behind it
  for (const status of [201, 202, 400, 403, 404]) t.ok(answered.has(status), `some are answered ${status}`);
});

t.test('any bytes on the connection: refused or closed in time', async (t) => {
  const line = fc
    .tuple(
      fc.constantFrom('GET', 'POST', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'),
      fc.oneof(fc.constantFrom(...ROUTES.map(({ path }) => path)), latin1),
    )
    .map(
      ([method, path]) =>
        `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Api-Key: ${pk}\r\n`,
    );
  const rest = fc.oneof(
    latin1,
    fc.constantFrom(
      '\r\n',
      'Content-Length: 3\r\n\r\nabc',
      'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    ),
  );
  await fc.assert(
    // a line's end closes what is still open: the gateway waits for the rest of a head, rightly
    fc.asyncProperty(line, rest, async (head, tail) => {
      const statuses = await exchange(Buffer.from(`${head}${tail}\r\n\r\n`, 'latin1'));
      for (const status of statuses) judge(status, JSON.stringify(head + tail));
    }),
    { numRuns: Math.ceil(RUNS / 4), seed, endOnFailure: true },
  );
  t.pass();
});

t.test('after it: a good request is served, and every event is in the books', async (t) => {
  const body = registration({ user: { id: randomUUID() } });
  t.equal((await call('POST', '/v1/registrations', { key: pk, body })).status, 201);
  const triples = await reader.read();
  t.ok(triples.length > 10, `${triples.length} events`);
  const books = await closeBooks(run.analyticsUrl, triples);
  t.match(books, { events_received: triples.length, missing: [] });
  t.equal(books.events_stored + books.events_duplicate + books.events_rejected, triples.length);
});
