import { isUtf8 } from 'node:buffer';
import type { Fact } from '../../contracts/cloud-event.ts';
import { type EventsRequest, eventsRequest } from '../../contracts/http.ts';
import { type Problem, problem } from '../../contracts/problem.ts';
import { parseBody } from '../../contracts/validate.ts';

export type ParsedEvents = { ok: true; facts: Fact[] } | { ok: false; problem: Problem };

/** A browser's events as facts: their type is put under `client.`, so that none can pose as one of ours. */
export function parseEvents(body: Buffer | string | undefined, client: string): ParsedEvents {
  if (typeof body === 'object' && !isUtf8(body)) return { ok: false, problem: problem('body_malformed') };
  const parsed = parseBody<EventsRequest>(eventsRequest, body?.toString());
  if (!parsed.ok) return parsed;
  const facts = parsed.value.events.map(
    ({ id, type, time, data = {} }): Fact => ({
      specversion: '1.0',
      id: id.toLowerCase(),
      source: `/clients/${client}`,
      type: `client.${type}`,
      time,
      datacontenttype: 'application/json',
      data,
    }),
  );
  return { ok: true, facts };
}
