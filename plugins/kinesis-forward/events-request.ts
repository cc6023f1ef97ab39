import { isUtf8 } from 'node:buffer';
import type { Fact } from '../../contracts/cloud-event.ts';
import { type EventsContext, type EventsRequest, eventsRequest } from '../../contracts/http.ts';
import { type Problem, problem } from '../../contracts/problem.ts';
import { parseBody } from '../../contracts/validate.ts';

export type ParsedEvents = { ok: true; facts: Fact[] } | { ok: false; problem: Problem };

/**
 * A browser's events as facts, each with the request's context: their type is put under `client.`, so that none can pose as one
 * of ours.
 */
export function parseEvents(body: Buffer | string | undefined, client: string): ParsedEvents {
  if (typeof body === 'object' && !isUtf8(body)) return { ok: false, problem: problem('body_malformed') };
  const parsed = parseBody<EventsRequest>(eventsRequest, body?.toString());
  if (!parsed.ok) return parsed;
  const { context, events } = parsed.value;
  const from = context ? attributesOf(context, client) : { source: `/clients/${client}` };
  const facts = events.map(
    ({ id, type, time, seq, data = {} }): Fact => ({
      specversion: '1.0',
      id: id.toLowerCase(),
      type: `client.${type}`,
      time,
      datacontenttype: 'application/json',
      data,
      ...from,
      ...(seq === undefined ? {} : { seq }),
    }),
  );
  return { ok: true, facts };
}

function attributesOf(context: EventsContext, client: string) {
  const { property, userId, deviceId, installationId, sessionId, sdk } = context;
  return {
    source: `/clients/${client}/properties/${property}`,
    ...(userId === undefined ? {} : { subject: userId }),
    ...(deviceId === undefined ? {} : { deviceid: deviceId.toLowerCase() }),
    installationid: installationId,
    sessionid: sessionId,
    sdk: `${sdk.name}/${sdk.version}`,
  };
}
