import { ipPrefix, normalizeIp } from '../../contracts/ip-address.ts';
import type { DecodedEvent } from '../decode/decode-record.ts';
import { withoutClientIp } from '../decode/redact.ts';
import type { EnrichedEvent } from './enriched-event.ts';
import { pageOf } from './page.ts';
import { appAgent, parseUserAgent } from './user-agent.ts';

/**
 * Everything a row says beyond what was sent. The client's IP comes in and does not go out: country first, then the
 * prefix is all that is left of it.
 */
export function enrich(
  { event, day }: DecodedEvent,
  countryOf: (ip: string) => string | null,
): EnrichedEvent {
  const { data } = event;
  const ip = normalizeIp(event.clientip);
  return {
    client_id: event.clientid,
    day,
    event_id: event.id.toLowerCase(),
    type: event.type,
    property: /\/properties\/([^/]+)$/.exec(event.source)?.[1] ?? null,
    user_id: text(event.subject) ?? text(numberAsText(data.userId)),
    device_id: text(event.deviceid) ?? text(data.deviceId),
    installation_id: text(event.installationid) ?? text(data.installationId),
    session_id: text(event.sessionid),
    seq: event.seq ?? null,
    sdk: text(event.sdk),
    request_id: event.requestid,
    occurred_at: event.time,
    received_at: event.receivedtime,
    accepted_at: event.acceptedtime ?? null,
    country: ip && countryOf(ip),
    ip_prefix: ip && ipPrefix(ip),
    ...(isApp(data) ? appAgent : parseUserAgent)(event.useragent),
    ...pageOf(data),
    data: withoutClientIp(data),
    producer: event.producer,
    boot: event.boot.toLowerCase(),
    n: event.n,
  };
}

/** The SDK of an app names its platform; a page has none of these. */
function isApp({ platform }: Record<string, unknown>): boolean {
  return platform === 'ios' || platform === 'android';
}

/** A number stays what was sent only as far as JSON's numbers are exact. */
function numberAsText(value: unknown): unknown {
  return Number.isSafeInteger(value) ? String(value) : value;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
