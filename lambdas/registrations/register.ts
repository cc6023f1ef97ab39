import { FACT_WINDOW_MS } from '../../contracts/cloud-event.ts';
import type { RegistrationRequest } from '../../contracts/http.ts';
import type { ProblemCode } from '../../contracts/problem.ts';
import type { DeviceTokens } from '../device-token.ts';
import type { Answer } from '../ports/answers.ts';
import type { NewId } from '../ports/clock.ts';
import type { DeviceRow } from '../ports/registration-store.ts';
import { registrationFact } from './facts.ts';
import type { RegistrationCommand } from './parse.ts';
import type { WorkingState } from './working-state.ts';

export interface Context {
  now: Date;
  newId: NewId;
  tokens: DeviceTokens;
}

export type Decision = { ok: true; answer: Answer; changed: boolean } | { ok: false; code: ProblemCode };

type Register = Extract<RegistrationCommand, { kind: 'register' }>;

/** Creates or refreshes a user and its device. `userVerified`: the user token was given and valid. */
export function register(
  state: WorkingState,
  command: Register,
  userVerified: boolean,
  context: Context,
): Decision {
  const { client, request, deviceToken } = command;
  const device = state.installed(client, request.property, request.device.installationId);
  if (!device) return create(state, command, userVerified, context);
  const mayWrite = context.tokens.verify(deviceToken, client, device.id);
  const wanted = refreshed(device, request, userVerified);
  const changed = differs(device, wanted);
  if (changed && !mayWrite) return { ok: false, code: 'device_token_invalid' };

  const age = context.now.getTime() - Date.parse(device.lastFact.time);
  // unchanged: the original fact again, for whoever did not hear of it; storage drops the duplicate
  if (!changed && age < FACT_WINDOW_MS) return { ok: true, answer: known(device, mayWrite), changed: false };

  const { externalUserId, clientId } = wanted;
  if (externalUserId !== device.externalUserId)
    wanted.userId = state.user(clientId, externalUserId, context.newId).id;
  const fact = registrationFact(
    'pistats.registration.updated',
    context.newId(),
    context.now,
    wanted,
    request.page,
  );
  const updated = { ...wanted, lastFact: fact };
  state.put(updated);
  return { ok: true, answer: known(updated, mayWrite), changed: true };
}

function create(state: WorkingState, command: Register, userVerified: boolean, context: Context): Decision {
  const { client, request } = command;
  const externalUserId = request.user?.id ?? null;
  const device = {
    clientId: client,
    id: context.newId(),
    registrationId: context.newId(),
    property: request.property,
    installationId: request.device.installationId,
    userId: state.user(client, externalUserId, context.newId).id,
    externalUserId,
    userVerified,
    platform: request.device.platform,
    addressKind: request.device.address?.kind ?? null,
    addressValue: request.device.address?.value ?? null,
    locale: request.device.locale ?? null,
    timeZone: request.device.timeZone ?? null,
  };
  const fact = registrationFact(
    'pistats.registration.created',
    context.newId(),
    context.now,
    device,
    request.page,
  );
  state.put({ ...device, lastFact: fact });
  const { registrationId, userId, id } = device;
  const body = { registrationId, userId, deviceId: id, created: true };
  return { ok: true, answer: { status: 201, body, tokenOf: id, events: [fact] }, changed: true };
}

/** The device as the request would have it; what it does not speak of stays as it is. */
function refreshed(
  device: DeviceRow,
  { user, device: given }: RegistrationRequest,
  verified: boolean,
): DeviceRow {
  const sameUser = user === undefined || user.id === device.externalUserId;
  return {
    ...device,
    externalUserId: user?.id ?? device.externalUserId,
    userVerified: sameUser ? device.userVerified || verified : verified,
    platform: given.platform,
    addressKind: given.address?.kind ?? device.addressKind,
    addressValue: given.address?.value ?? device.addressValue,
    locale: given.locale ?? device.locale,
    timeZone: given.timeZone ?? device.timeZone,
  };
}

const COMPARED = [
  'externalUserId',
  'userVerified',
  'platform',
  'addressKind',
  'addressValue',
  'locale',
  'timeZone',
] as const;

const differs = (before: DeviceRow, after: DeviceRow) =>
  COMPARED.some((name) => before[name] !== after[name]);

function known(device: DeviceRow, mayWrite: boolean): Answer {
  const { registrationId, userId, id } = device;
  return {
    status: 200,
    body: { registrationId, userId, deviceId: id, created: false },
    // an installation id is no secret between the parts of a page: alone it does not give the token
    ...(mayWrite ? { tokenOf: id } : {}),
    events: [device.lastFact],
  };
}
