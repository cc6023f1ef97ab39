import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { createPrismaMirrorStore } from '../../../lambdas/adapters/prisma-mirror-store.ts';
import type { Push } from '../../../lambdas/ports/push.ts';
import { mirrorTopics } from '../../../lambdas/reconcile/mirror-topics.ts';
import { environment, registryDatabase } from '../../support/registry-database.ts';
import { joinEvent, leaveEvent, registerEvent, registration } from '../../support/requests.ts';

const database = await registryDatabase(t, {
  name: 'demo',
  properties: ['www'],
  firebaseProject: 'project-1',
});
const functions = environment(t, database.writerUrl);
const store = createPrismaMirrorStore(functions.registry);

/** FCM as it keeps its topics: who is in which. Each call takes `ms`. */
function fcm(ms = 0) {
  const members = new Set<string>();
  const state = { calls: 0, outage: false };
  const push: Push = {
    async setTopic(project, action, topic, tokens) {
      state.calls++;
      await delay(ms);
      if (state.outage) return { outage: 'unreachable' };
      for (const token of tokens) {
        if (action === 'join') members.add(`${project} ${topic} ${token}`);
        else members.delete(`${project} ${topic} ${token}`);
      }
      return tokens.map(() => ({ result: 'done' as const }));
    },
  };
  const run = (msLeft: () => number = () => 60_000) =>
    mirrorTopics({ queue: store, push, now: () => new Date() }, msLeft);
  return { push, members, state, run };
}

async function device() {
  const address = { kind: 'fcm_token', value: `token-${randomUUID()}` };
  const request = registration({ installationId: randomUUID(), address });
  const { body } = await functions.one(registerEvent(request));
  const options = () => ({ token: body.deviceToken });
  return {
    token: address.value,
    join: (...topics: string[]) => functions.subscribe(joinEvent(body.registrationId, topics, options())),
    leave: (...topics: string[]) => functions.subscribe(leaveEvent(body.registrationId, topics, options())),
  };
}
const pending = async () =>
  (await database.rows(`select count(*)::int as n from topic_mirror where state = 'pending'`))[0].n;

t.test('1,000 topics at 60 ms a call: one run is enough', async (t) => {
  const one = await device();
  for (let from = 0; from < 1_000; from += 50)
    await one.join(...Array.from({ length: 50 }, (_, n) => `topic-${from + n}`));
  t.equal(await pending(), 1_000);
  const { run, members } = fcm(60);
  const endsAt = Date.now() + 60_000;
  t.match(await run(() => endsAt - Date.now()), { joined: 1_000, later: 0 });
  t.equal(members.size, 1_000);
  t.equal(await pending(), 0);
  await database.rows('delete from topic_mirror');
});

t.test('a run that is killed in the midst has kept what was done', async (t) => {
  const one = await device();
  await one.join(...Array.from({ length: 50 }, (_, n) => `killed-${n}`));
  const { push, members } = fcm();
  let calls = 0;
  const dying: Push = {
    async setTopic(...call) {
      if (++calls > 40) throw new Error('killed');
      // the first ones are kept before the last one is asked for
      if (calls === 40) await delay(50);
      return push.setTopic(...call);
    },
  };
  await t.rejects(mirrorTopics({ queue: store, push: dying, now: () => new Date() }, () => 60_000));
  const kept = async () =>
    (await database.rows(`select count(*)::int as n from topic_mirror where state = 'mirrored'`))[0].n;
  while ((await kept()) < members.size) await delay(5);
  t.ok(members.size > 0 && members.size < 50, `${members.size} of 50`);
  await database.rows(`update topic_mirror set leased_until = now()`);
  await mirrorTopics({ queue: store, push, now: () => new Date() }, () => 60_000);
  t.equal(members.size, 50);
  t.equal(await pending(), 0);
  await database.rows('delete from topic_mirror');
});

t.test('an outage of hours: every join and every opt-out arrives after it', async (t) => {
  const [joins, leaves] = [await device(), await device()];
  const { run, members, state } = fcm();
  await leaves.join('news');
  await run();
  state.outage = true;
  await joins.join('news');
  await leaves.leave('news');
  for (let tries = 0; tries < 30; tries++) {
    await database.rows('update topic_mirror set due_at = now()');
    t.match(await run(), { joined: 0, gone: 0 });
  }
  t.equal(await pending(), 2);
  state.outage = false;
  await database.rows('update topic_mirror set due_at = now()');
  t.match(await run(), { joined: 1, gone: 1 });
  t.same([...members], [`project-1 demo.news ${joins.token}`]);
  await database.rows('delete from topic_mirror');
});

t.test('whatever devices do, FCM has in the end what the registry says', async (t) => {
  const topics = ['a', 'b', 'c'];
  const devices = await Promise.all(Array.from({ length: 6 }, device));
  const { run, members } = fcm(1);
  const pick = <T>(list: T[]) => list[Math.floor(Math.random() * list.length)] as T;
  let working = true;
  const mirroring = (async () => {
    while (working) await run();
  })();
  for (let step = 0; step < 150; step++) await pick(devices)[pick(['join', 'leave'] as const)](pick(topics));
  working = false;
  await mirroring;
  await run();
  const wanted = await database.rows(
    `select 'project-1 demo.' || s.topic || ' ' || d.address_value as member
     from subscription s join device d on d.client_id = s.client_id and d.id = s.device_id
     where s.state = 'joined' and s.topic = any($1)`,
    topics,
  );
  t.same([...members].sort(), wanted.map(({ member }) => member).sort());
  t.equal(await pending(), 0);
});
