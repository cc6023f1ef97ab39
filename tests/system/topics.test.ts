import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { json } from 'node:stream/consumers';
import t from 'tap';
import { tokenDigest } from '../../infra/local/fcm/server.ts';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { call, closePools, key, registration, registry, run } from './api.ts';

const pk = key('first');
t.teardown(closePools);
const ca = readFileSync(run.fcmCa);

/** Digests of the tokens that FCM has in a topic of the client. */
async function members(topic: string): Promise<string[]> {
  const [client] = await registry<{ firebase_project: string }>(
    `select firebase_project from client where name = 'first'`,
  );
  const path = `/members?topic=${client?.firebase_project}/first.${topic}`;
  return new Promise((resolve, reject) => {
    request(`${run.fcmUrl}${path}`, { ca }, (response) => resolve(json(response) as Promise<string[]>))
      .on('error', reject)
      .end();
  });
}

const told = (topic: string, wanted: string[]) =>
  waitUntil(
    `FCM to have ${wanted.length} in ${topic}`,
    async () => {
      await fetch(`${run.lambdaUrl}/2015-03-31/functions/pistats-reconcile/invocations`, {
        method: 'POST',
        body: '{}',
      });
      const waiting = await registry(
        `select 1 from topic_mirror where topic = $1 and state = 'pending'`,
        topic,
      );
      return waiting.length === 0 && JSON.stringify(await members(topic)) === JSON.stringify(wanted);
    },
    { timeoutMs: 60_000 },
  );

async function device(token: string) {
  const body = registration();
  const device = { ...body.device, address: { kind: 'fcm_token', value: token } };
  const made = await call('POST', '/v1/registrations', { key: pk, body: { ...body, device } });
  const { registrationId, deviceToken } = made.body;
  const headers = { 'x-device-token': deviceToken };
  return {
    send: (method: 'POST' | 'DELETE', topic: string) =>
      call(method, '/v1/subscriptions', { key: pk, headers, body: { registrationId, topics: [topic] } }),
    optOut: () => call('DELETE', `/v1/registrations/${registrationId}`, { key: pk, headers }),
    renew: (value: string) =>
      call('POST', '/v1/registrations', {
        key: pk,
        headers,
        body: { ...body, device: { ...device, address: { kind: 'fcm_token', value } } },
      }),
  };
}

t.test(
  'what FCM has is what devices asked for: one address of two installations, a new address, opt-outs',
  async (t) => {
    const topic = `topic-${randomUUID().slice(0, 8)}`;
    const token = `token-${randomUUID()}`;
    const [one, two] = [await device(token), await device(token)];
    t.equal((await one.send('POST', topic)).status, 200);
    t.equal((await two.send('POST', topic)).status, 200);
    await told(topic, [tokenDigest(token)]);
    t.equal((await one.send('DELETE', topic)).status, 200);
    await told(topic, [tokenDigest(token)]);
    t.equal((await one.optOut()).status, 204);
    await told(topic, [tokenDigest(token)]);
    const renewed = `token-${randomUUID()}`;
    t.equal((await two.renew(renewed)).status, 200);
    await told(topic, [tokenDigest(renewed)]);
    t.equal((await two.optOut()).status, 204);
    await told(topic, []);
  },
);
