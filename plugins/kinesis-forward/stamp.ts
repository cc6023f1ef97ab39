import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Fact, MAX_RECORD_BYTES } from '../../contracts/cloud-event.ts';
import type { StampedEvent } from '../../contracts/stamped-event.ts';
import type { StreamRecord } from '../../stream/spool/stream-record.ts';

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
        stampOne(fact, receipt, { producer, boot, n: String(n + index + 1) }),
      );
      const jsons = stamped.map((event) => JSON.stringify(event));
      if (jsons.some((json) => Buffer.byteLength(json) + 2 > MAX_RECORD_BYTES)) return null;
      const from = n + 1;
      n += facts.length;
      const subject = facts[0]?.subject ?? receipt.requestId;
      const partitionKey = `${receipt.client}:${subject}`.slice(0, 256);
      return split(jsons, { partitionKey, client: receipt.client, receivedAt: receipt.receivedAt, from });
    },
  };
}

function stampOne(
  fact: Fact,
  receipt: Receipt,
  position: Pick<StampedEvent, 'producer' | 'boot' | 'n'>,
): StampedEvent {
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

function split(jsons: string[], common: Omit<StreamRecord, 'data' | 'events'>): StreamRecord[] {
  const records: StreamRecord[] = [];
  let open: string[] = [];
  let bytes = 2;
  let { from } = common;
  const close = () => {
    if (open.length > 0)
      records.push({ ...common, from, data: Buffer.from(`[${open.join()}]`), events: open.length });
    from += open.length;
    open = [];
    bytes = 2;
  };
  for (const json of jsons) {
    const length = Buffer.byteLength(json) + 1;
    if (bytes + length > MAX_RECORD_BYTES) close();
    open.push(json);
    bytes += length;
  }
  close();
  return records;
}
