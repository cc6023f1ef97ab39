import type { InvocationEvent, InvocationResponse } from '../../contracts/invocation.ts';
import type { DeviceTokens } from '../device-token.ts';
import type { AnswerCache } from '../ports/answers.ts';
import type { Clock, NewId } from '../ports/clock.ts';
import type { RegistrationStore } from '../ports/registration-store.ts';
import { processBatch } from '../process-batch.ts';
import { fromAnswer, problemResponse, repeatAnswer } from '../responses.ts';
import { verifyUserToken } from '../user-token.ts';
import { parse, type RegistrationCommand } from './parse.ts';
import { type Context, type Decision, register } from './register.ts';
import { remove } from './remove.ts';
import { WorkingState } from './working-state.ts';

export interface RegistrationPorts {
  store: RegistrationStore;
  answers: AnswerCache;
  tokens: DeviceTokens;
  now: Clock;
  newId: NewId;
}

/** Registers, refreshes and removes devices: a batch of requests of any clients, each answered on its own. */
export function processRegistrations(
  events: InvocationEvent[],
  ports: RegistrationPorts,
): Promise<InvocationResponse[]> {
  return processBatch(events, { parse, attempt: (commands) => attempt(commands, ports) }, ports);
}

/** Loads, decides, writes: two statements, whatever the size of the batch. */
async function attempt(
  commands: RegistrationCommand[],
  ports: RegistrationPorts,
): Promise<InvocationResponse[]> {
  const state = new WorkingState(await ports.store.load(keysOf(commands)));
  const context: Context = { now: ports.now(), newId: ports.newId, tokens: ports.tokens };
  const responses: InvocationResponse[] = [];
  for (const command of commands) responses.push(await decide(state, command, context));
  const changes = state.changes();
  if (changes) await ports.store.write(changes);
  await ports.answers.set(state.answered);
  return responses;
}

function keysOf(commands: RegistrationCommand[]) {
  const registers = commands.filter((command) => command.kind === 'register');
  return {
    clients: [...new Set(commands.map(({ client }) => client))],
    installations: registers.map(({ client, request }) => ({
      client,
      property: request.property,
      installationId: request.device.installationId,
    })),
    registrations: commands
      .filter((command) => command.kind === 'remove')
      .map(({ client, registrationId }) => ({ client, registrationId })),
    users: registers.flatMap(({ client, request }) =>
      request.user ? [{ client, externalId: request.user.id }] : [],
    ),
    answers: commands.map(({ answerKey }) => answerKey),
  };
}

async function decide(state: WorkingState, command: RegistrationCommand, context: Context) {
  const { client: name, fingerprint } = command;
  const client = state.client(name);
  if (!client) return problemResponse('client_unknown', { 'retry-after': '30' });
  if (client.status === 'disabled') return problemResponse('client_disabled');
  const stored = state.answer(command);
  if (stored && stored.fingerprint !== fingerprint) return problemResponse('idempotency_mismatch');
  if (stored) return repeatAnswer(stored.answer, name, context.tokens, context.now);

  let decision: Decision;
  if (command.kind === 'remove') decision = remove(state, command, context);
  else {
    const { property, user } = command.request;
    if (!client.properties.includes(property)) return problemResponse('property_unknown');
    const verified = user?.token
      ? await verifyUserToken(user.token, user.id, client.identitySecret, context.now)
      : false;
    const refused =
      user && !verified && (user.token !== undefined || client.identityVerification === 'required');
    if (refused) return problemResponse('user_token_invalid');
    decision = register(state, command, verified, context);
  }
  if (!decision.ok) return problemResponse(decision.code);
  state.remember(command, decision.answer, decision.changed || command.keyed);
  return fromAnswer(decision.answer, name, context.tokens);
}
