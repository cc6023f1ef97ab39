import { randomUUID } from 'node:crypto';
import t from 'tap';
import { mirrorProgram } from '../../../infra/operate/mirror.ts';
import { runProgram } from '../../../infra/operate/run-program.ts';
import { environment, registryDatabase } from '../../support/registry-database.ts';
import { joinEvent, registerEvent, registration } from '../../support/requests.ts';

const database = await registryDatabase(
  t,
  { name: 'demo', properties: ['www'], firebaseProject: 'project-1' },
  { name: 'bare', properties: ['www'] },
);
const functions = environment(t, database.writerUrl);

async function mirror(...args: string[]) {
  const [out, said]: [string[], string[]] = [[], []];
  const output = { out: (line: string) => void out.push(line), say: (line: string) => void said.push(line) };
  const code = await runProgram(mirrorProgram(output), [...args, '--registry', database.url], output);
  return { code, out, said: said.join('\n') };
}
const show = async (...args: string[]) => JSON.parse((await mirror('show', '--json', ...args)).out.join(''));

async function join(client: string, ...topics: string[]) {
  const value = `secret-token-${randomUUID()}`;
  const request = registration({ installationId: randomUUID(), address: { kind: 'fcm_token', value } });
  const { body } = await functions.one(registerEvent(request, { client }));
  await functions.subscribe(joinEvent(body.registrationId, topics, { client, token: body.deviceToken }));
}

t.test('nothing waits', async (t) => {
  const { code, out, said } = await mirror('show');
  t.equal(code, 0);
  t.same(out, []);
  t.match(said, /FCM has been told everything/);
});

t.test('what waits by client and project, what FCM answered, and never an address', async (t) => {
  await join('demo', 'a', 'b', 'c');
  await join('bare', 'a');
  await database.rows(
    `update topic_mirror set attempts = 12, error = 'messaging/quota', due_at = now() + interval '1 hour' where topic <> 'c' and client_id = 'demo'`,
  );
  t.match(await show(), [
    { client: 'bare', firebaseProject: null, pending: 1, retried: 0, errors: {} },
    {
      client: 'demo',
      firebaseProject: 'project-1',
      pending: 3,
      retried: 2,
      errors: { 'messaging/quota': 2 },
    },
  ]);
  t.equal((await show('--client', 'demo')).length, 1);
  t.equal((await show('--firebase-project', 'project-1')).length, 1);
  t.same(await show('--client', 'nobody'), []);
  const { out } = await mirror('show');
  t.equal(out.length, 2);
  t.match(out[1], /^demo\tproject-1\t3 pending\t2 tried in vain\t.*messaging\/quota × 2$/);
  t.notMatch(out.join(), /secret-token/);
});

t.test('what was tried in vain is due at once', async (t) => {
  const due = () => database.rows(`select 1 from topic_mirror where state = 'pending' and due_at <= now()`);
  t.equal((await due()).length, 2);
  t.match((await mirror('drive', '--client', 'bare')).said, /^.*\n?0 are due/m);
  const { code, said } = await mirror('drive');
  t.equal(code, 0);
  t.match(said, /2 are due/);
  t.equal((await due()).length, 4);
});

t.test('everything anew: what FCM has, what it never heard of, and what it should not have', async (t) => {
  await database.rows(`update topic_mirror set state = 'mirrored' where topic = 'a'`);
  await database.rows(`delete from topic_mirror where topic = 'b'`);
  await database.rows(`insert into topic_mirror (client_id, address_value, topic, firebase_project, state, sent)
    values ('demo', 'of a device that is gone', 'z', 'project-1', 'mirrored', true)`);
  t.match((await mirror('drive', '--all', '--client', 'demo')).said, /4 are due/);
  const rows = await database.rows(
    `select topic, state from topic_mirror where client_id = 'demo' order by 1`,
  );
  t.same(
    rows,
    ['a', 'b', 'c', 'z'].map((topic) => ({ topic, state: 'pending' })),
  );
});

t.test('a registry that can’t be reached, or has no such table yet, is one sentence', async (t) => {
  const output = {
    out() {},
    said: '',
    say(line: string) {
      output.said += `${line}\n`;
    },
  };
  const url = 'postgres://nobody@127.0.0.1:1/registry';
  t.equal(await runProgram(mirrorProgram(output), ['show', '--registry', url], output), 3);
  t.match(output.said, /\[database_unreachable\]/);
  await database.rows('alter table topic_mirror rename to another');
  const { code, said } = await mirror('show');
  await database.rows('alter table another rename to topic_mirror');
  t.equal(code, 2);
  t.match(said, /\[database_schema\]/);
});
