import * as z from 'zod';
import { MAX_SEQ, uuidv7Time } from './cloud-event.ts';
import { isStorableText, MAX_JSON_DEPTH, storableJson } from './json-value.ts';
import { MAX_LOCALE, MAX_URL, usableLocale, usableTimeZone, usableUrl } from './page-fields.ts';

/** Bodies of the HTTP API. No string may hold what PostgreSQL's text can't. */
const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine(isStorableText, { message: 'must not contain U+0000 or half of a surrogate pair' });

/** A text that never refuses a request: kept as far as it is usable, else as if it were not there. */
const tolerant = (usable: (given: string) => string | undefined, description: string) =>
  z
    .string()
    .nullish()
    .transform((given) => (given == null ? undefined : usable(given)))
    .meta({ description });

/**
 * A push address as a service gave it: an FCM token or installation id, or the JSON of a PushSubscription, all ASCII and
 * some hundred characters long. 2048, because an index of PostgreSQL takes 2704 bytes and must hold it with a topic's
 * name; neither `.` nor `..`, which would be steps in the path of FCM's URL.
 */
const pushAddress = z
  .string()
  .regex(/^(?!\.{1,2}$)[\x20-\x7e]{1,2048}$/, { error: 'must be 1 to 2048 characters of printable ASCII' });

const url = (given: string) => (given === '' ? undefined : usableUrl(given));
const URL_RULE = `of any scheme; what is longer than ${MAX_URL} characters is cut, what is no URL is left out`;

/** Years that every reader of ours can hold: an offset must not move a time past the year 9999 or before 1. */
const MAX_TIME = Date.UTC(3000, 0);
const eventTime = z.iso
  .datetime({ offset: true, error: 'must be a time of RFC 3339 with its zone, as 2026-06-01T12:00:00Z' })
  // what is no time at all has been told already
  .refine((value) => !(Date.parse(value) < 0 || Date.parse(value) >= MAX_TIME), {
    message: 'must lie between 1970 and 2999',
  })
  .meta({ description: 'when it happened: RFC 3339 with its zone, from 1970 to 2999' });

/** What an event says beyond its type, as jsonb. Names keep their order; `__proto__` is dropped. */
const eventData = z
  .record(z.string(), z.unknown())
  .transform((given, context) => {
    const result = storableJson(given);
    if (!('reason' in result)) return result.value as Record<string, unknown>;
    context.addIssue({ code: 'custom', path: result.path, message: result.reason, input: given });
    return z.NEVER;
  })
  .meta({
    description: `any JSON object, at most ${MAX_JSON_DEPTH} levels deep, its numbers within a double; U+0000 in texts is left out`,
  });

/** Property names: as client names, a label of DNS. */
export const propertyName = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/, {
  error: 'must be 1 to 64 of a-z, 0-9 and "-", no "-" at either end',
});

/** FCM topic names allow [a-zA-Z0-9-_.~%]; `.` is ours, it separates client and topic there. */
export const topicName = z
  .string()
  .regex(/^[a-zA-Z0-9_~%-]{1,100}$/, { error: 'must be 1 to 100 of a-z, A-Z, 0-9, "_", "~", "%" and "-"' });

export const registrationRequest = z.strictObject({
  property: propertyName,
  user: z.strictObject({ id: text(200), token: text(4096).optional() }).optional(),
  device: z.strictObject({
    installationId: text(200).min(8),
    platform: z.enum(['web', 'ios', 'android']),
    address: z.strictObject({ kind: z.enum(['fcm_token', 'fid', 'webpush']), value: pushAddress }).optional(),
    locale: tolerant(
      usableLocale,
      `a language tag; cut to ${MAX_LOCALE} characters between subtags, left out when it is none`,
    ),
    timeZone: tolerant(usableTimeZone, 'an IANA name; left out when it is not known'),
  }),
  page: z
    .strictObject({
      url: tolerant(url, `the page's address, ${URL_RULE}`),
      referrer: tolerant(
        (given) => (given === '' ? '' : url(given)),
        `document.referrer, ${URL_RULE}; '' for none`,
      ),
    })
    .optional(),
});
export type RegistrationRequest = z.infer<typeof registrationRequest>;

export const registrationResponse = z.strictObject({
  registrationId: z.uuid(),
  userId: z.uuid(),
  deviceId: z.uuid(),
  /** absent for a known registration unless the request carried a valid one */
  deviceToken: z.string().optional(),
  created: z.boolean(),
});

export const subscriptionRequest = z.strictObject({
  registrationId: z.uuid(),
  topics: z.array(topicName).min(1).max(100),
});
export type SubscriptionRequest = z.infer<typeof subscriptionRequest>;

export const subscriptionResponse = z.array(
  z.strictObject({ name: z.string(), state: z.enum(['joined', 'left']) }),
);

/** Who the events of a request are from, said once. An event without it stays allowed: a server's own. */
export const eventsContext = z
  .strictObject({
    property: propertyName,
    installationId: text(200).min(8),
    deviceId: z.uuid().optional().meta({ description: 'as the registration answered it' }),
    userId: text(200).optional().meta({ description: 'the user whom the page knows; a claim' }),
    sessionId: text(64).min(8).meta({ description: 'of a visit; `seq` counts within it' }),
    sdk: z.strictObject({ name: text(64), version: text(32) }),
  })
  .meta({ description: 'who the events are from; each becomes a column of every event' });
export type EventsContext = z.infer<typeof eventsContext>;

export const eventsRequest = z.strictObject({
  /** only in a `text/plain` body, where sendBeacon can set no header */
  key: text(200).optional().meta({ description: 'the API key, in a text/plain body only' }),
  context: eventsContext.optional(),
  events: z
    .array(
      z.strictObject({
        id: z
          .string()
          .refine((id) => uuidv7Time(id) !== null, { message: 'must be a UUIDv7' })
          .meta({ format: 'uuid', description: 'a UUIDv7 (RFC 9562) made when the event happened' }),
        type: z.string().regex(/^[a-z][a-z0-9_.-]{0,63}$/, {
          error: 'must be 1 to 64 of a-z, 0-9, "_", "." and "-", a letter first',
        }),
        time: eventTime,
        seq: z
          .int()
          .min(1)
          .max(MAX_SEQ)
          .optional()
          .meta({ description: '1, 2, … within a session: a gap is an event that was lost' }),
        data: eventData.optional(),
      }),
    )
    .min(1)
    .max(100),
});
export type EventsRequest = z.infer<typeof eventsRequest>;

/** How many events were made durable: all of them. */
export const eventsResponse = z.strictObject({ accepted: z.int().min(1).max(100) });

/** Body limits in bytes, enforced by the gateway (request-size-limiting in deck.yaml). */
export const MAX_BODY_BYTES = 64 * 1024;
export const MAX_EVENTS_BODY_BYTES = 512 * 1024;
