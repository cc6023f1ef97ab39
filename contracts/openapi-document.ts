import * as z from 'zod';
import { MAX_BODY_BYTES, MAX_EVENTS_BODY_BYTES } from './http.ts';
import { PROBLEM_TYPE, PROBLEMS, type ProblemCode } from './problem.ts';
import { GATEWAY_CODES, ROUTES, type RouteContract } from './routes.ts';

type Json = Record<string, unknown>;
const ref = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` });

/** The HTTP API as an OpenAPI 3.1 document, made from the schemas that validate it and from the table of routes. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of ROUTES) paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'piStats',
      version,
      summary: 'Registers the users of media sites and brings them back with push notifications.',
      description:
        'Errors are RFC 9457 problems with a stable `code`; the few that the gateway makes itself (413, 429, 500) have the body GatewayError. Every request may be repeated: with the same Idempotency-Key, or for events the same ids, it counts once. After 429, 503 and 504 repeat it no sooner than Retry-After says.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://127.0.0.1:8000', description: 'the local stack' }],
    security: [{ apiKey: [] }],
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'a public key, `pk_…`' },
      },
      headers: {
        RetryAfter: { description: 'seconds', schema: { type: 'integer', minimum: 1 } },
      },
      parameters: parameters(),
      responses: {
        TooLarge: gatewayError('The body exceeds the limit of its route'),
        RateLimited: gatewayError('Too many requests of a secret key'),
        Unexpected: gatewayError('The gateway failed'),
        RouteUnknown: problemResponse(['route_unknown']),
      },
      schemas: schemas(),
    },
  };
}

function parameters(): Json {
  const header = (name: string, required: boolean, description: string) => ({
    name,
    in: 'header',
    required,
    description,
    schema: { type: 'string', minLength: 1 },
  });
  return {
    IdempotencyKey: header(
      'Idempotency-Key',
      false,
      'names the request for 7 days, whether or not it changed anything: a repeat with the same body gets the first answer again, and changes nothing that was done since. The name is one of its client, route and device: with another of these it is another request. Refusals are not kept.',
    ),
    DeviceToken: header('X-Device-Token', true, 'the deviceToken that the registration was answered with'),
    OptionalDeviceToken: header('X-Device-Token', false, 'needed to change a known registration'),
    RegistrationId: { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
  };
}

function schemas(): Json {
  const named: Json = {};
  for (const { request, success } of ROUTES) {
    if (request) named[request.name] = jsonSchema(request.schema, 'input');
    for (const { name, schema } of success) if (name && schema) named[name] = jsonSchema(schema, 'output');
  }
  const pointed = { pointer: { type: 'string' }, detail: { type: 'string' } };
  named.Problem = {
    type: 'object',
    properties: {
      type: { type: 'string', format: 'uri' },
      title: { type: 'string' },
      status: { type: 'integer' },
      code: { type: 'string', enum: Object.keys(PROBLEMS) },
      detail: { type: 'string' },
      errors: {
        type: 'array',
        description: 'what is wrong with the body, by JSON pointer (RFC 6901)',
        items: { type: 'object', properties: pointed, required: ['pointer', 'detail'] },
      },
    },
    required: ['type', 'title', 'status', 'code'],
  };
  named.GatewayError = {
    type: 'object',
    properties: { message: { type: 'string' }, request_id: { type: 'string' } },
    required: ['message'],
  };
  return named;
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}

function operation(route: RouteContract): Json {
  const { operationId, summary, description, request, deviceToken } = route;
  const taken = [
    ...(route.path.includes('{id}') ? [ref('parameters', 'RegistrationId')] : []),
    ...(route.plainText ? [] : [ref('parameters', 'IdempotencyKey')]),
    ...(deviceToken === 'none'
      ? []
      : [ref('parameters', deviceToken === 'required' ? 'DeviceToken' : 'OptionalDeviceToken')]),
  ];
  return {
    operationId,
    summary,
    description,
    // without a header the key must be in the text/plain body
    security: route.plainText ? [{ apiKey: [] }, {}] : undefined,
    parameters: taken.length > 0 ? taken : undefined,
    requestBody: request ? requestBody(route, request.name) : undefined,
    responses: responses(route),
  };
}

function requestBody(route: RouteContract, name: string): Json {
  const limit = route.plainText ? MAX_EVENTS_BODY_BYTES : MAX_BODY_BYTES;
  const plain = {
    schema: { type: 'string', contentMediaType: 'application/json', contentSchema: ref('schemas', name) },
  };
  return {
    required: true,
    description: `at most ${limit / 1024} KiB`,
    content: {
      'application/json': { schema: ref('schemas', name) },
      ...(route.plainText ? { 'text/plain': plain } : {}),
    },
  };
}

function responses(route: RouteContract): Json {
  const answers: Json = {};
  for (const { status, description, name } of route.success)
    answers[status] = {
      description,
      ...(name ? { content: { 'application/json': { schema: ref('schemas', name) } } } : {}),
    };
  const byStatus = Map.groupBy([...GATEWAY_CODES, ...route.codes], (code) => PROBLEMS[code].status);
  for (const [status, codes] of byStatus) answers[status] = problemResponse(codes);
  if (route.request) answers[413] = ref('responses', 'TooLarge');
  answers[500] = ref('responses', 'Unexpected');
  return answers;
}

/** Problems of one status: their codes in the schema, their titles for the reader. */
function problemResponse(codes: ProblemCode[]): Json {
  const [first] = codes as [ProblemCode];
  const { status } = PROBLEMS[first];
  const schema = {
    allOf: [ref('schemas', 'Problem'), { properties: { status: { const: status }, code: { enum: codes } } }],
  };
  return {
    description: codes.map((code) => `${code}: ${PROBLEMS[code].title}`).join('\n'),
    headers: status === 503 || status === 429 ? { 'Retry-After': ref('headers', 'RetryAfter') } : undefined,
    content: { [PROBLEM_TYPE]: { schema } },
  };
}

function gatewayError(description: string): Json {
  return { description, content: { 'application/json': { schema: ref('schemas', 'GatewayError') } } };
}
