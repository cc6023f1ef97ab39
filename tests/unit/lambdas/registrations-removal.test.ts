import t from 'tap';
import { registerEvent, registration, removeEvent, tokens } from '../../support/requests.ts';
import { registering, START } from './registering.ts';

t.test('opting out: 204 without a body, the device goes, the fact says so', async (t) => {
  const { one, registry } = registering();
  const { body } = await one(registerEvent());
  const answer = await one(removeEvent(body.registrationId, { token: body.deviceToken }));
  t.match(answer, { status: 204, body: null });
  t.equal(registry.devices.size, 0);
  t.match(answer.events, [
    {
      type: 'pistats.registration.removed',
      subject: body.userId,
      time: START.toISOString(),
      data: { deviceId: body.deviceId, registrationId: body.registrationId },
    },
  ]);
  t.ok(registry.facts.has(JSON.stringify(['demo', answer.events[0]?.id])), 'the fact is stored');
  const options = { token: body.deviceToken };
  t.equal((await one(removeEvent(body.registrationId, options))).status, 404, 'gone is gone');
});

t.test('the registration’s id may come in capitals', async (t) => {
  const { one } = registering();
  const { body } = await one(registerEvent());
  const id = body.registrationId.toUpperCase();
  t.equal((await one(removeEvent(id, { token: body.deviceToken }))).status, 204);
});

t.test('only the device’s own token removes it', async (t) => {
  const { one, registry } = registering();
  const mine = (await one(registerEvent())).body;
  const other = (await one(registerEvent(registration({ installationId: 'installation-2' })))).body;
  const foreign = [
    undefined,
    '',
    other.deviceToken,
    tokens.issue('other', mine.deviceId),
    `${mine.deviceToken}A`,
  ];
  for (const token of foreign)
    t.match(await one(removeEvent(mine.registrationId, { token })), {
      status: 403,
      code: 'device_token_invalid',
      events: [],
    });
  t.equal(registry.devices.size, 2);
});

t.test('a repeated removal is answered as the first, with the first fact', async (t) => {
  const { one, wait, registry } = registering();
  const { body } = await one(registerEvent());
  const options = { token: body.deviceToken, requestId: 'the same' };
  const first = await one(removeEvent(body.registrationId, options));
  wait(60_000);
  t.same(await one(removeEvent(body.registrationId, options)), first);
  t.equal(registry.facts.size, 2);
});

t.test('one device removed twice within a batch: the second finds nothing', async (t) => {
  const { one, send } = registering();
  const { body } = await one(registerEvent());
  const event = () => removeEvent(body.registrationId, { token: body.deviceToken });
  t.same(
    (await send(event(), event())).map(({ status }) => status),
    [204, 404],
  );
});
