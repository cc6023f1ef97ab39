import t from 'tap';
import type { Answer, components, ErrorCode, PistatsClient } from '../../../sdk/server/src/index.ts';
import { REGISTRATION } from './scripted.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(_: T | undefined) => undefined;

/** Never called: that the compiler takes it, and that each line which must not compile does not, is the test. */
export async function compiles(client: PistatsClient): Promise<void> {
  const { data } = await client.POST('/v1/registrations', { body: REGISTRATION });
  holds<Equal<typeof data.registrationId, string>>(undefined);
  holds<Equal<typeof data.deviceToken, string | undefined>>(undefined);
  const accepted: number = (await client.POST('/v1/events', { body: { events: [] } })).data.accepted;
  holds<Equal<typeof accepted, number>>(undefined);
  const params = { path: { id: 'r' }, header: { 'X-Device-Token': 't' } };
  const gone = await client.DELETE('/v1/registrations/{id}', { params });
  holds<Equal<typeof gone.data, undefined>>(undefined);
  type Topics = Answer<'/v1/subscriptions', 'post'>['data'];
  holds<Equal<Topics[number]['state'], 'joined' | 'left'>>(undefined);
  const code: ErrorCode = 'user_token_invalid';

  // @ts-expect-error there is no such route
  await client.POST('/v1/registration', { body: REGISTRATION });
  // @ts-expect-error not by this method
  await client.DELETE('/v1/events', { body: { events: [] } });
  // @ts-expect-error a body is needed
  await client.POST('/v1/registrations', {});
  // @ts-expect-error options are needed
  await client.POST('/v1/events');
  type Body = components['schemas']['RegistrationRequest'];
  // @ts-expect-error no such platform
  const platform: Body['device']['platform'] = 'tv';
  const tv: Body = { property: 'www', device: { ...REGISTRATION.device, platform } };
  // @ts-expect-error a misspelt field
  await client.POST('/v1/registrations', { body: { ...REGISTRATION, usr: { id: 'reader-1' } } });
  // @ts-expect-error a text is for sendBeacon, not for a server
  await client.POST('/v1/events', { body: '{"events":[]}' });
  // @ts-expect-error the device token is needed
  await client.DELETE('/v1/registrations/{id}', { params: { path: { id: 'r' } } });
  const elsewhere = { baseUrl: 'https://elsewhere.example' };
  // @ts-expect-error where it goes is the client's to say
  await client.POST('/v1/events', { body: { events: [] }, baseUrl: elsewhere.baseUrl });
  await client.POST('/v1/registrations', { body: tv, headers: { 'user-agent': code } });
}

t.pass('the compiler has taken them (npm run typecheck)');
