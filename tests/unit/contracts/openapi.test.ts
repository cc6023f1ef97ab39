import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import t from 'tap';
import { parse } from 'yaml';
import { MAX_BODY_BYTES, MAX_EVENTS_BODY_BYTES } from '../../../contracts/http.ts';
import { openApiYaml } from '../../../contracts/openapi.ts';
import { PROBLEMS, type ProblemCode } from '../../../contracts/problem.ts';
import { GATEWAY_CODES, OTHER_CODES, ROUTES } from '../../../contracts/routes.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const text = readFileSync(join(root, 'contracts', 'openapi.yaml'), 'utf8');
const document = parse(text);

interface DeckPlugin {
  name: string;
  config: Record<string, unknown>;
}
interface DeckRoute {
  methods?: string[];
  paths: string[];
  plugins?: DeckPlugin[];
}
const deck = parse(readFileSync(join(root, 'deck.yaml'), 'utf8')) as {
  plugins: DeckPlugin[];
  services: { name: string; plugins: DeckPlugin[]; routes: DeckRoute[] }[];
};

t.test('openapi.yaml is what the schemas and the routes make', async (t) => {
  t.equal(text, openApiYaml(), 'run "npm run openapi"');
});

t.test('it is a valid OpenAPI 3.1 document', async (t) => {
  const { valid, errors } = await new Validator().validate(parse(text));
  t.same({ valid, errors }, { valid: true, errors: undefined });
});

t.test('every reference leads somewhere and every operation has its own id', async (t) => {
  for (const [, path] of text.matchAll(/\$ref: "#\/([^"]+)"/g)) {
    const found = (path as string).split('/').reduce((node, part) => node?.[part], document);
    t.ok(found, `${path}`);
  }
  const ids = ROUTES.map(({ operationId }) => operationId);
  t.equal(new Set(ids).size, ids.length);
});

t.test('every code is answered by a route, or stands in the list of others with its reason', async (t) => {
  const answered = new Set([...GATEWAY_CODES, ...ROUTES.flatMap(({ codes }) => codes)]);
  for (const code of Object.keys(PROBLEMS) as ProblemCode[])
    t.not(answered.has(code), code in OTHER_CODES, `${code} is in exactly one of the two`);
});

t.test('each answer names the codes of its status and no others', async (t) => {
  for (const route of ROUTES) {
    const { responses } = document.paths[route.path][route.method];
    for (const [status, response] of Object.entries<Record<string, never>>(responses)) {
      const schema = response.content?.['application/problem+json'] as
        | { schema: { allOf: [unknown, { properties: { code: { enum: ProblemCode[] } } }] } }
        | undefined;
      const expected = [...GATEWAY_CODES, ...route.codes].filter(
        (code) => PROBLEMS[code].status === Number(status),
      );
      t.same(schema?.schema.allOf[1].properties.code.enum ?? [], expected, `${route.operationId} ${status}`);
    }
  }
});

t.test('deck.yaml has each of the routes, with its function and body limit', async (t) => {
  const size = (plugins: DeckPlugin[]) => {
    const config = plugins.find(({ name }) => name === 'request-size-limiting')?.config;
    return config && Number(config.allowed_payload_size) * 1024;
  };
  for (const { method, path, plainText, operationId } of ROUTES) {
    const sample = path.replace('{id}', 'cb136aab-520a-590a-b84d-638b865b60a1');
    const found = deck.services.flatMap((service) =>
      service.routes
        .filter(({ methods, paths }) => {
          const matches = paths.some(
            (each) => each.startsWith('~') && new RegExp(`^${each.slice(1)}`).test(sample),
          );
          return methods?.includes(method.toUpperCase()) && matches;
        })
        .map((route) => ({ service, route })),
    );
    const [first, ...others] = found;
    t.same(others, [], `${operationId} is one route`);
    if (!first) return t.fail(`deck.yaml has no route for ${operationId}`);
    const { service, route } = first;
    const invoke = route.plugins?.find(({ name }) => name === 'lambda-invoke');
    t.equal(invoke?.config.path, plainText ? undefined : path, operationId);
    t.equal(
      size(service.plugins) ?? size(deck.plugins),
      plainText ? MAX_EVENTS_BODY_BYTES : MAX_BODY_BYTES,
      operationId,
    );
  }
});
