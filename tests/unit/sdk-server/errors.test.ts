import { inspect } from 'node:util';
import t from 'tap';
import { createClient, PistatsError } from '../../../sdk/server/src/index.ts';
import { KEY, problemAnswer, REGISTRATION, registered, scripted } from './scripted.ts';

/** The error of a call that is answered so. */
async function failure(answer: Response | Error): Promise<PistatsError> {
  const { client } = scripted([answer], { repeats: 0 });
  return client.POST('/v1/registrations', { body: REGISTRATION }).then(
    () => Promise.reject(new Error('it went well')),
    (error: PistatsError) => error,
  );
}

t.test('a problem: its code, status, errors, wait and request id', async (t) => {
  const errors = [{ pointer: '/device/platform', detail: 'must be one of …' }];
  const headers = { 'retry-after': '9', 'x-kong-request-id': 'abc' };
  const error = await failure(problemAnswer(400, 'body_invalid', headers, { detail: 'A sentence.', errors }));
  t.ok(error instanceof PistatsError && error instanceof Error);
  t.match(error, {
    name: 'PistatsError',
    code: 'body_invalid',
    status: 400,
    errors,
    retryAfter: 9,
    requestId: 'abc',
    message: 'body_invalid: A sentence.',
  });
});

t.test('answers that are no problem have http_<status>, whatever their body', async (t) => {
  const bodies: [status: number, body: string | null, message: string][] = [
    [
      413,
      '{"message":"Request size limit exceeded","request_id":"r1"}',
      'http_413: Request size limit exceeded',
    ],
    [502, '<html>Bad gateway</html>', 'http_502'],
    [500, '', 'http_500'],
    [500, 'null', 'http_500'],
    [500, '[1]', 'http_500'],
    [500, '{"code":500,"errors":"none","title":""}', 'http_500'],
    [302, null, 'http_302'],
    [200, '<html>Log in to the wifi</html>', 'http_200'],
  ];
  for (const [status, body, message] of bodies) {
    const error = await failure(new Response(body, { status }));
    t.match(error, { message, status, code: `http_${status}`, errors: [] }, `${status} ${body}`);
    if (status === 413) t.equal(error.requestId, 'r1');
  }
});

t.test('errors of a body that are malformed are left out', async (t) => {
  const errors = [null, 1, { pointer: 1 }, { pointer: '/a', detail: 'x' }];
  const error = await failure(problemAnswer(400, 'body_invalid', {}, { errors }));
  t.same(error.errors, [{ pointer: '/a', detail: 'x' }]);
});

t.test('no answer at all: unreachable, with its cause', async (t) => {
  const cause = new TypeError('fetch failed');
  const error = await failure(cause);
  t.match(error, { code: 'unreachable', status: 0, errors: [] });
  t.equal(error.cause, cause);
});

t.test('204 has no body', async (t) => {
  const { client } = scripted([new Response(null, { status: 204 })]);
  const params = { path: { id: 'r' }, header: { 'X-Device-Token': 't' } };
  const { data, response } = await client.DELETE('/v1/registrations/{id}', { params });
  t.equal(data, undefined);
  t.equal(response.status, 204);
});

t.test('neither errors nor the client show the key', async (t) => {
  for (const answer of [problemAnswer(401, 'key_invalid'), new TypeError('fetch failed')])
    t.notMatch(inspect(await failure(answer), { depth: 9, showHidden: true }), KEY);
  t.notMatch(inspect(scripted([registered()]).client, { depth: 9, showHidden: true }), KEY);
});

t.test('an endpoint or a key that can not be right is told at once, and not shown', async (t) => {
  const create = (endpoint: string, key: string) => () => createClient({ endpoint, key });
  t.throws(create('gateway.example', KEY), TypeError);
  t.throws(create('ftp://gateway.example', KEY), { message: 'endpoint must be an http(s) URL.' });
  for (const key of ['', 'secret-thing', `${KEY}\n`, 'sk_'])
    t.throws(create('https://gateway.example', key), { message: 'key must be an API key, sk_… or pk_….' });
});
