import t from 'tap';
import { pathParameters, readEvent } from '../../../plugins/lambda-invoke/event.ts';
import { fakePdk, type Request } from './fake-pdk.ts';

const client = { client: 'acme', kind: 'pk' };
const shared = { pistats_client: JSON.stringify(client) };

async function eventOf(request: Request, pattern = '/v1/registrations') {
  const pdk = fakePdk({ shared, ...request });
  const read = await readEvent(pdk.kong, pattern);
  if (!read.client) throw new Error('nobody was authenticated');
  return { event: read.event, pdk };
}

t.test('a request becomes an event of payload format 2.0, in one round trip', async (t) => {
  const { event, pdk } = await eventOf({
    path: '/v1/registrations',
    query: 'a=1&b=2',
    headers: { 'content-type': 'application/json', 'user-agent': 'UA/1' },
    body: Buffer.from('{"é":1}'),
    ip: '198.51.100.4',
    requestId: 'f00',
    startTime: 1_791_000_000.2504,
  });
  t.equal(pdk.rounds, 1);
  t.same(event, {
    version: '2.0',
    routeKey: 'POST /v1/registrations',
    rawPath: '/v1/registrations',
    rawQueryString: 'a=1&b=2',
    headers: { 'content-type': 'application/json', 'user-agent': 'UA/1' },
    pathParameters: undefined,
    body: '{"é":1}',
    isBase64Encoded: false,
    requestContext: {
      accountId: 'pistats',
      apiId: 'pistats',
      domainName: 'pistats',
      domainPrefix: 'pistats',
      stage: '$default',
      routeKey: 'POST /v1/registrations',
      requestId: 'f00',
      timeEpoch: 1_791_000_000_250,
      time: '2026-10-03T04:00:00.250Z',
      http: {
        method: 'POST',
        path: '/v1/registrations',
        protocol: 'HTTP/1.1',
        sourceIp: '198.51.100.4',
        userAgent: 'UA/1',
      },
      authorizer: { lambda: client },
    },
  });
});

t.test('a function sees the headers of the list and no others', async (t) => {
  const listed = {
    'content-type': 'application/json',
    'idempotency-key': 'i-1',
    origin: 'https://www.acme.example',
    referer: 'https://www.acme.example/page',
    'user-agent': 'UA/1',
    'x-device-token': 'd-1',
  };
  const secret = { 'x-api-key': 'pk_acme_x', authorization: 'Bearer x', cookie: 'c=1', 'x-other': '1' };
  const { event, pdk } = await eventOf({ headers: { ...listed, ...secret } });
  t.same(event.headers, listed);
  t.notMatch(pdk.calls.join(), 'x-api-key');
});

t.test('what is not there is left out, or empty where the format wants a string', async (t) => {
  const { event } = await eventOf({ method: 'GET', headers: { origin: '' } });
  t.same(event.headers, {});
  t.same([event.rawQueryString, event.requestContext.http.userAgent], ['', '']);
  t.notOk('body' in JSON.parse(JSON.stringify(event)));
});

t.test('a body that is no UTF-8 goes byte for byte', async (t) => {
  const body = Buffer.from('{"é":"\xff"}', 'latin1');
  const { event } = await eventOf({ body });
  t.same([event.isBase64Encoded, event.body], [true, body.toString('base64')]);
});

t.test("the client is the authorizer's, whatever the request says", async (t) => {
  const body = JSON.stringify({
    client: 'other',
    requestContext: { authorizer: { lambda: { client: 'other' } } },
  });
  const { event } = await eventOf({ body, query: 'client=other', headers: { 'x-client': 'other' } });
  t.same(event.requestContext.authorizer.lambda, client);
});

t.test('nobody authenticated, or no request id: no event', async (t) => {
  const requests: Request[] = [
    { shared: {} },
    { shared: { pistats_client: '' } },
    { shared, requestId: null },
  ];
  for (const request of requests)
    t.same(await readEvent(fakePdk(request).kong, '/v1/registrations'), { client: null });
});

t.test('path parameters by the pattern of the route', async (t) => {
  const pattern = '/v1/registrations/{id}';
  const cases: [pattern: string, path: string, Record<string, string> | undefined][] = [
    ['/v1/registrations', '/v1/registrations', undefined],
    [pattern, '/v1/registrations/7', { id: '7' }],
    [pattern, '/v1/registrations/a%20b%2Fc', { id: 'a b/c' }],
    [pattern, '/v1/registrations/%E0%A4%A', { id: '%E0%A4%A' }],
    [pattern, '/v1/registrations', {}],
    [pattern, '/v1/registrations/', { id: '' }],
    ['/v1/campaigns/{id}/cancel', '/v1/campaigns/c-1/cancel', { id: 'c-1' }],
    ['/v1/{a}/{b}', '/v1/x/y', { a: 'x', b: 'y' }],
  ];
  for (const [pattern, path, expected] of cases) t.same(pathParameters(pattern, path), expected, path);
  const { event } = await eventOf({ method: 'DELETE', path: '/v1/registrations/7' }, pattern);
  t.same([event.routeKey, event.pathParameters], ['DELETE /v1/registrations/{id}', { id: '7' }]);
});
