import { type RegistrationRequest, registrationRequest } from '../../contracts/http.ts';
import type { InvocationEvent } from '../../contracts/invocation.ts';
import { parseBody } from '../../contracts/validate.ts';
import type { Parsed } from '../process-batch.ts';
import { identify, type RequestIdentity } from '../request.ts';
import { fromProblem, problemResponse } from '../responses.ts';

export type RegistrationCommand =
  | (RequestIdentity & { kind: 'register'; request: RegistrationRequest })
  | (RequestIdentity & { kind: 'remove'; registrationId: string });

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** What the request asks for, or why it can't be asked. */
export function parse(event: InvocationEvent): Parsed<RegistrationCommand> {
  if (event.routeKey === 'DELETE /v1/registrations/{id}') {
    const registrationId = event.pathParameters?.id?.toLowerCase() ?? '';
    if (!UUID.test(registrationId)) return { response: problemResponse('registration_unknown') };
    const identity = identify(event, registrationId, registrationId);
    return { command: { kind: 'remove', registrationId, ...identity } };
  }
  const parsed = parseBody<RegistrationRequest>(registrationRequest, event.body);
  if (!parsed.ok) return { response: fromProblem(parsed.problem) };
  const { property, device } = parsed.value;
  const identity = identify(event, `${property}/${device.installationId}`, parsed.value);
  return { command: { kind: 'register', request: parsed.value, ...identity } };
}
