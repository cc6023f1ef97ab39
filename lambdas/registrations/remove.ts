import { registrationFact } from './facts.ts';
import type { RegistrationCommand } from './parse.ts';
import type { Context, Decision } from './register.ts';
import type { WorkingState } from './working-state.ts';

/** Opts a device out: it goes, and its subscriptions with it. */
export function remove(
  state: WorkingState,
  command: Extract<RegistrationCommand, { kind: 'remove' }>,
  { now, newId, tokens }: Context,
): Decision {
  const { client, registrationId, deviceToken } = command;
  const device = state.registered(client, registrationId);
  if (!device) return { ok: false, code: 'registration_unknown' };
  if (!tokens.verify(deviceToken, client, device.id)) return { ok: false, code: 'device_token_invalid' };
  const fact = registrationFact('pistats.registration.removed', newId(), now, device);
  state.remove(device, fact);
  return { ok: true, answer: { status: 204, body: null, events: [fact] }, changed: true };
}
