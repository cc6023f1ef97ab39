import { z } from 'zod';
import { MAX_SEQ, uuidv7Time } from './cloud-event.ts';

const text = (max: number) => z.string().min(1).max(max);
/** RFC 3339 */
const time = z.iso.datetime({ offset: true });
const MAX_BIGINT = 2n ** 63n - 1n;

/**
 * The triple that names a durable event once: the node, one incarnation of its process (on the wire: `boot`), and the
 * event's number in it, contiguous from 1, as digits. It is read even from an event that is otherwise invalid.
 */
export const producerTriple = z.object({
  producer: z.string().regex(/^[!-~]{1,200}$/),
  boot: z.uuid(),
  n: z
    .string()
    .regex(/^[1-9]\d{0,18}$/)
    .refine((digits) => BigInt(digits) <= MAX_BIGINT, { message: 'is larger than a bigint' }),
});

export type ProducerTriple = z.infer<typeof producerTriple>;

/**
 * An event as it is on the stream: a `Fact` with what only the gateway knows, in CloudEvents extension attributes
 * (lower-case letters and digits only, by that specification). Attributes without a name here are ignored, as
 * CloudEvents asks of receivers.
 */
export const stampedEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.string().refine((id) => uuidv7Time(id) !== null, { message: 'must be a UUIDv7' }),
  source: text(500),
  type: text(200),
  time,
  subject: z.string().max(500).optional(),
  datacontenttype: z.literal('application/json'),
  data: z.record(z.string(), z.unknown()),
  clientid: text(100),
  /** Kong's request id */
  requestid: text(200),
  /** the gateway's first receipt */
  receivedtime: time,
  /** just before the gateway made the event durable; records from before this was stamped have none */
  acceptedtime: time.optional(),
  /** removed by the enrichment after the country is known; never stored */
  clientip: z.string().optional(),
  useragent: z.string().optional(),
  installationid: text(200).optional(),
  deviceid: text(200).optional(),
  sessionid: text(64).optional(),
  sdk: text(100).optional(),
  seq: z.int().min(1).max(MAX_SEQ).optional(),
  ...producerTriple.shape,
});

export type StampedEvent = z.infer<typeof stampedEvent>;

/** The parsed event, or what is wrong with it in one line (JSON pointers and messages, no values). */
export function parseStampedEvent(value: unknown): { event: StampedEvent } | { detail: string } {
  const result = stampedEvent.safeParse(value);
  if (result.success) return { event: result.data };
  const issues = result.error.issues.slice(0, 5);
  return {
    detail: issues
      .map((issue) => `${issue.path.map((part) => `/${String(part)}`).join('')}: ${issue.message}`)
      .join('; '),
  };
}
