import { join } from 'node:path';
import t from 'tap';
import { registrationRequest } from '../../../contracts/http.ts';
import { generateRequests, type ReplayRequest, readRequests } from '../../../infra/local/load/bodies.ts';

const client = (name: string) => ({ name, properties: ['www', 'app'], pk: `pk_${name}` });
const CLIENTS = [client('one'), client('two')];

t.test('the same run gives the same requests, another run gives others', async (t) => {
  const all = (run?: string) => [...generateRequests(CLIENTS, 450, run)];
  t.same(all('a'), all('a'));
  const ids = new Set(all('a').map(({ installationId }) => installationId));
  t.notOk(all('b').some(({ installationId }) => ids.has(installationId)));
  t.not(all()[0]?.installationId, all()[0]?.installationId, 'a run without a name is one of its own');
});

t.test('a body is one that the API takes, from a property of its client', async (t) => {
  const requests = [...generateRequests(CLIENTS, 300)];
  t.equal(requests.length, 300);
  t.same(new Set(requests.map(({ client }) => client.name)), new Set(['one', 'two']));
  const refused = requests.filter(({ body }) => !registrationRequest.safeParse(JSON.parse(body)).success);
  t.same(refused, []);
  for (const { body, client, installationId } of requests.slice(0, 20))
    t.match(JSON.parse(body), {
      property: /^(www|app)$/,
      device: { installationId, address: { value: `live-${installationId}` } },
      page: { url: new RegExp(`^https://www\\.${client.name}\\.example/`) },
    });
});

for (const clients of [[client('one')], CLIENTS, [...CLIENTS, client('three')]]) {
  t.test(
    `of ${clients.length} clients' requests one in twenty comes again from a known installation`,
    async (t) => {
      const requests = [...generateRequests(clients, 2_000, 'run')];
      const seen = new Map<string, ReplayRequest>();
      let again = 0;
      for (const request of requests) {
        const before = seen.get(String(request.installationId));
        if (before) {
          again++;
          t.equal(request.client, before.client, 'with the same client');
          t.equal(request.body, before.body, 'with the same body');
          t.same(request.topics, [], 'and joins nothing a second time');
        }
        seen.set(String(request.installationId), request);
      }
      t.ok(again >= 80 && again <= 100, `${again} of 2000`);
    },
  );
}

t.test('one device in five joins topics', async (t) => {
  const joining = [...generateRequests(CLIENTS, 2_000, 'run')].filter(({ topics }) => topics.length > 0);
  t.ok(joining.length > 300 && joining.length < 500, `${joining.length} of 2000`);
});

t.test('the requests of a file: a line each, as it is, blank lines apart', async (t) => {
  const lines = [
    '{"property":"www","device":{"installationId":"i-1"}}',
    '{"property":"app","device":{"installationId":"i-1"}}',
    '{"unknown":true}',
    'null',
    '[]',
    '{"device":{"installationId":7}}',
  ];
  const dir = t.testdir({
    'in.jsonl': `${lines.slice(0, 2).join('\r\n')}\r\n\n  \n${lines.slice(2).join('\n')}\n`,
  });
  const requests = readRequests(join(dir, 'in.jsonl'), CLIENTS);
  t.same(
    requests.map(({ body }) => body),
    lines,
  );
  t.same(
    requests.map(({ installationId }) => installationId),
    ['i-1', 'i-1', undefined, undefined, undefined, undefined],
  );
  t.equal(requests[0]?.client, requests[1]?.client, 'one installation stays with one client');
  t.ok(
    requests.slice(2).every(({ topics }) => topics.length === 0),
    'who has no installation joins nothing',
  );
  t.same(new Set(requests.slice(2).map(({ client }) => client.name)), new Set(['one', 'two']));
});

t.test('an input file that can not be used is named with the reason', async (t) => {
  const dir = t.testdir({
    'bad.jsonl': '{"property":"www"}\n\n{"property":\n',
    'empty.jsonl': '',
    'blank.jsonl': '\n \r\n',
  });
  for (const [file, message] of [
    ['bad.jsonl', `${join(dir, 'bad.jsonl')}, line 3 is not JSON.`],
    ['empty.jsonl', `${join(dir, 'empty.jsonl')} holds no registration body.`],
    ['blank.jsonl', `${join(dir, 'blank.jsonl')} holds no registration body.`],
    ['missing.jsonl', `the input file ${join(dir, 'missing.jsonl')} can not be read: ENOENT.`],
  ] as const)
    t.throws(() => readRequests(join(dir, file), CLIENTS), { name: 'StopError', exitCode: 2, message }, file);
});
