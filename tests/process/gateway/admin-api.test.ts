import t, { type Test } from 'tap';
import { dump, gatewayFor } from '../../support/gateway-fixture.ts';
import { readRecordedSchema, readRecordings, recordingsMissing } from './recordings.ts';

const skip = recordingsMissing();
const CLIENT_AUTH = dump('client-auth', 1250, [{ x: { type: 'string' } }]);

async function adminGateway(t: Test) {
  const dir = t.testdir({});
  return gatewayFor(t, '', {
    declarative: undefined,
    stateFile: `${dir}/entities.json`,
    adminPort: 0,
    socketPath: `${dir}/nobody.sock`,
    dumps: [CLIENT_AUTH],
  });
}

/** Times differ from run to run, and only their kind matters. */
function withoutTimes(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, item) =>
    key === 'created_at' || key === 'updated_at' ? typeof item : item,
  );
}

t.test('the Admin API answers what a real Kong 3.9.3 answered', { skip }, async (t) => {
  const { adminPort } = await adminGateway(t);
  for (const { method, path, contentType, body, status, answer } of readRecordings('admin.md', '$ADMIN')) {
    if (path === '/status') continue; // the status listener's
    const response = await fetch(`http://127.0.0.1:${adminPort}${path}`, {
      method,
      body,
      headers: contentType ? { 'content-type': contentType } : {},
    });
    const text = (await response.text()).trim().replaceAll('\r\n', '\n');
    const name = `${method} ${path} ${body ?? ''}`.slice(0, 120);
    t.equal(response.status, status, name);
    if (answer.startsWith('{'))
      t.strictSame(withoutTimes(JSON.parse(text)), withoutTimes(JSON.parse(answer)), name);
    else t.equal(text, answer, name);
  }
});

type Field = Record<string, unknown> & { elements?: Field; fields?: Record<string, Field>[] };
/** Rules decK reads: from them it fills defaults. */
const READ_BY_DECK = ['type', 'default', 'required', 'one_of', 'between', 'auto', 'unique', 'reference'];

/** name → what decK reads of the field, without those this gateway can't honour */
function fieldsOf(schema: unknown): Record<string, unknown> {
  const { fields = [] } = schema as { fields?: Record<string, Field>[] };
  return Object.fromEntries(
    fields.flatMap((entry) => Object.entries(entry)).map(([name, field]) => [name, ruleOf(field)]),
  );
}
function ruleOf(field: Field): unknown {
  const rule: Record<string, unknown> = {};
  for (const key of READ_BY_DECK)
    if (field[key] !== undefined && field[key] !== false) rule[key] = field[key];
  if (field.elements) rule.elements = ruleOf(field.elements);
  if (field.fields) rule.fields = fieldsOf(field);
  return rule;
}

const PLUGINS = [
  'cors',
  'correlation-id',
  'request-size-limiting',
  'request-termination',
  'prometheus',
  'rate-limiting',
];

t.test('the schemas have the fields and defaults of a real Kong 3.9.3', { skip }, async (t) => {
  const { adminPort } = await adminGateway(t);
  const get = async (path: string) =>
    (await fetch(`http://127.0.0.1:${adminPort}/schemas/${path}`)).json() as Promise<unknown>;
  for (const kind of ['services', 'routes', 'consumers', 'plugins'])
    t.strictSame(fieldsOf(await get(kind)), fieldsOf(readRecordedSchema(kind)), kind);
  for (const name of [...PLUGINS, 'client-auth']) {
    const ours = fieldsOf(await get(`plugins/${name}`)) as { config: unknown };
    const kongs = fieldsOf(readRecordedSchema(`plugin-${name}`)) as { config: unknown };
    t.strictSame(ours.config, kongs.config, name);
  }
});
