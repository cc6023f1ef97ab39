import { hostname } from 'node:os';
import type { StampedEvent } from '../../../contracts/stamped-event.ts';
import { createStamper, type PutRecords, type Stamper } from '../../../stream/index.ts';
import { openSnapshot } from './database.ts';
import { findOnStream, type StreamEvent, toTriple } from './find-on-stream.ts';
import { putEvents } from './put-events.ts';
import { readFactRows } from './read-fact-rows.ts';
import { AUDIT_PRODUCER, type Audit, type AuditOptions } from './run-audit.ts';
import { factKey } from './under-way.ts';
import { waitStored } from './wait-stored.ts';

export interface Repair {
  /** events found on the stream and put there again, byte for byte and under their own triple */
  fromStream: number;
  /** facts read from the registry and forwarded under their own id, and a triple of this audit */
  fromRegistry: number;
  /** of both, how many were not stored within the time */
  notYetStored: number;
}

export interface RepairOptions extends Pick<AuditOptions, 'places' | 'stream'> {
  putRecords: PutRecords;
  /** how long to wait for the topology */
  patienceMs: number;
}

/** Facts a statement and a stamp. */
const CHUNK = 500;

/**
 * Forwards again what is missing. Whatever of it comes late by itself meanwhile, or is repaired by someone else, is
 * stored once: the primary key of the events, or their triple, absorbs the other.
 */
export async function repair(
  audit: Audit,
  { places, stream, putRecords, patienceMs }: RepairOptions,
): Promise<Repair> {
  const analytics = await openSnapshot(places.analyticsUrl, 'analytics database');
  const found = await findOnStream(audit, stream, analytics).finally(() => analytics.close());
  await putEvents(places.stream, found, putRecords);

  const again = new Set(found.map(({ event }) => factKey(event.clientid, event.id)));
  const facts = audit.facts.missing.filter(({ client_id, id }) => !again.has(factKey(client_id, id)));
  const stamper = createStamper(AUDIT_PRODUCER + hostname());
  const forwarded: ReturnType<typeof toTriple>[] = [];
  const registry = await openSnapshot(places.registryUrl, 'registry');
  try {
    for (let at = 0; at < facts.length; at += CHUNK) {
      const events = (await readFactRows(registry, facts.slice(at, at + CHUNK))).flatMap(({ client, fact }) =>
        stampAgain(stamper, client, fact),
      );
      await putEvents(places.stream, events, putRecords);
      forwarded.push(...events.map(({ event }) => toTriple(event)));
    }
  } finally {
    await registry.close();
  }
  const triples = [...found.map(({ event }) => toTriple(event)), ...forwarded];
  return {
    fromStream: found.length,
    fromRegistry: forwarded.length,
    notYetStored: await waitStored(places.analyticsUrl, triples, patienceMs),
  };
}

/** Received when it happened: who sent it, from where and with what is not known any more. */
function stampAgain(
  stamper: Stamper,
  client: string,
  fact: Parameters<Stamper['stamp']>[0][number],
): StreamEvent[] {
  const receipt = {
    client,
    requestId: `audit-${fact.id}`,
    receivedAt: Date.parse(fact.time),
    ip: '',
    userAgent: undefined,
  };
  return (stamper.stamp([fact], receipt) ?? []).flatMap(({ partitionKey, data }) =>
    (JSON.parse(data.toString()) as StampedEvent[]).map((event) => ({ partitionKey, event })),
  );
}
