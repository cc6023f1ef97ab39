import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { v4, v7 } from 'uuid';
import { parse } from 'yaml';
import { MAX_BODY_BYTES, MAX_EVENTS_BODY_BYTES } from '../../contracts/http.ts';
import { PROBLEM_TYPE, problem } from '../../contracts/problem.ts';
import { ROUTES } from '../../contracts/routes.ts';
import { type Answer, call, closePools, key, registration } from './api.ts';

t.teardown(closePools);

const document = parse(readFileSync(join(import.meta.dirname, '../../contracts/openapi.yaml'), 'utf8'));
const resolve = (node: { $ref?: string }) =>
  node.$ref
    ? node.$ref
        .slice(2)
        .split('/')
        .reduce((found, part) => found[part], document)
    : node;

/** The answer is one that openapi.yaml declares for the operation: status, content type, code, and the body of a 2xx. */
function declared(t: Test, operationId: string, { status, headers, body }: Answer, expected: number): void {
  const route = ROUTES.find((one) => one.operationId === operationId);
  if (!route) return void t.fail(`no operation ${operationId}`);
  const what = `${operationId} ${expected}: ${JSON.stringify(body).slice(0, 200)}`;
  t.equal(status, expected, what);
  const node = document.paths[route.path][route.method].responses[status];
  if (!node) return void t.fail(`${what} is not declared`);
  const { content } = resolve(node);
  const type = headers.get('content-type')?.split(';')[0];
  if (!content) return void t.equal(body, '', what);
  t.ok(type && content[type], `${what}: ${type}`);
  const success = route.success.find((one) => one.status === status);
  if (success?.schema) t.ok(success.schema.safeParse(body).success, what);
  if (type === PROBLEM_TYPE) {
    t.ok(content[type].schema.allOf[1].properties.code.enum.includes(body.code), what);
    t.match(body, problem(body.code), what);
  }
  if (type === 'application/json' && status >= 400) t.type(body.message, 'string', what);
}

const pk = key('first');
const event = () => ({ id: v7(), type: 'page_view', time: new Date().toISOString(), data: {} });

t.test('what the gateway answers to registrations and subscriptions is what openapi.yaml says', async (t) => {
  const body = registration();
  const register = (given: unknown, options = {}) =>
    call('POST', '/v1/registrations', { key: pk, body: given, ...options });
  const created = await register(body, { headers: { 'idempotency-key': v4() } });
  declared(t, 'register', created, 201);
  declared(t, 'register', await register(body), 200);
  declared(t, 'register', await register({ ...body, property: 'nowhere' }), 400);
  declared(t, 'register', await register({}), 400);
  declared(t, 'register', await register('{'), 400);
  declared(t, 'register', await register(body, { key: undefined }), 401);
  declared(t, 'register', await register(body, { key: key('first', 'sk') }), 403);
  declared(t, 'register', await register(registration(), { key: key('former') }), 403);
  declared(t, 'register', await register(registration(), { key: key('ghost') }), 503);
  declared(t, 'register', await register('x'.repeat(MAX_BODY_BYTES + 1)), 413);

  const { registrationId, deviceToken } = created.body;
  const headers = { 'x-device-token': deviceToken };
  const mine = { key: pk, headers, body: { registrationId, topics: ['news'] } };
  declared(t, 'subscribe', await call('POST', '/v1/subscriptions', mine), 200);
  declared(t, 'unsubscribe', await call('DELETE', '/v1/subscriptions', mine), 200);
  declared(t, 'subscribe', await call('POST', '/v1/subscriptions', { ...mine, headers: {} }), 403);
  const unknown = { registrationId: v4(), topics: ['news'] };
  declared(t, 'subscribe', await call('POST', '/v1/subscriptions', { ...mine, body: unknown }), 404);
  const repeated = { ...headers, 'idempotency-key': v4() };
  declared(t, 'subscribe', await call('POST', '/v1/subscriptions', { ...mine, headers: repeated }), 200);
  const other = { ...mine, headers: repeated, body: { registrationId, topics: ['sport'] } };
  declared(t, 'subscribe', await call('POST', '/v1/subscriptions', other), 422);

  const remove = (id: string, given: Record<string, string>) =>
    call('DELETE', `/v1/registrations/${id}`, { key: pk, headers: given });
  declared(t, 'unregister', await remove(registrationId, {}), 403);
  declared(t, 'unregister', await remove(registrationId, headers), 204);
  declared(t, 'unregister', await remove(registrationId, headers), 404);
  declared(t, 'unregister', await remove('short', headers), 404);
});

t.test('and to events', async (t) => {
  const send = (body: unknown, options = {}) => call('POST', '/v1/events', { key: pk, body, ...options });
  declared(t, 'sendEvents', await send({ events: [event()] }), 202);
  declared(t, 'sendEvents', await send({ events: [] }), 400);
  declared(t, 'sendEvents', await send({ events: [{ ...event(), data: { 'x\u0000': 1 } }] }), 400);
  declared(t, 'sendEvents', await send({ events: [event()] }, { key: undefined }), 401);
  declared(t, 'sendEvents', await send('x'.repeat(MAX_EVENTS_BODY_BYTES + 1)), 413);
  const plain = { key: undefined, headers: { 'content-type': 'text/plain' } };
  declared(t, 'sendEvents', await send(JSON.stringify({ key: pk, events: [event()] }), plain), 202);
});
