import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Fact } from '../contracts/cloud-event.ts';
import { MAX_IDS } from '../contracts/failure-log.ts';
import type { ProducerTriple, StampedEvent } from '../contracts/stamped-event.ts';
import { fitsRecord, packRecords } from './pack.ts';
import type { StreamRecord } from './spool/stream-record.ts';

/** What only the gateway knows of a request. */
export interface Receipt {
  client: string;
  requestId: string;
  /** ms since the epoch */
  receivedAt: number;
  ip: string;
  userAgent: string | undefined;
}

export interface Stamper {
  /** One record a request, more where MAX_RECORD_BYTES asks for it; null when a single event is above that. */
  stamp(facts: Fact[], receipt: Receipt): StreamRecord[] | null;
}

/**
 * Stamps every event with (producer, boot, n): n is contiguous over this process from 1, so that a gap in what was
 * stored names what is missing.
 */
export function createStamper(
  producer = process.env.PISTATS_NODE || hostname(),
  boot: string = randomUUID(),
): Stamper {
  let n = 0;
  return {
    stamp(facts, receipt) {
      const stamped = facts.map((fact, index) =>
        stampEvent(fact, receipt, { producer, boot, n: String(n + index + 1) }),
      );
      const jsons = stamped.map((event) => JSON.stringify(event));
      if (!jsons.every(fitsRecord)) return null;
      let from = n + 1;
      n += facts.length;
      const partitionKey = partitionKeyOf(receipt.client, {
        subject: facts[0]?.subject ?? receipt.requestId,
      });
      const { client, receivedAt } = receipt;
      return Array.from(
        packRecords(jsons, (json) => json),
        ({ data, items }): StreamRecord => {
          const record = { partitionKey, client, receivedAt, from, data, events: items.length };
          from += items.length;
          return record;
        },
      );
    },
  };
}

/** What happens to one user stays in order: it is in one shard. Kinesis takes 256 characters. */
export const partitionKeyOf = (client: string, { subject }: Pick<Fact, 'subject'>) =>
  `${client}:${subject}`.slice(0, 256);

/** A fact with what only the gateway knows, accepted now. */
export function stampEvent(fact: Fact, receipt: Receipt, position: ProducerTriple): StampedEvent {
  return {
    ...fact,
    clientid: receipt.client,
    requestid: receipt.requestId,
    receivedtime: new Date(receipt.receivedAt).toISOString(),
    acceptedtime: new Date().toISOString(),
    clientip: receipt.ip,
    useragent: receipt.userAgent,
    ...position,
  };
}

/** The requests that some records came from, of the first few: for a log line. */
export function requestIdsOf(records: Pick<StreamRecord, 'data'>[]): string[] {
  return records.slice(0, MAX_IDS).flatMap(({ data }) => {
    const [event] = JSON.parse(data.toString()) as StampedEvent[];
    return event?.requestid ?? [];
  });
}
