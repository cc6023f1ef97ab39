import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Fact } from '../../../contracts/cloud-event.ts';
import {
  fitsRecord,
  type PutRecords,
  partitionKeyOf,
  type Receipt,
  stampEvent,
} from '../../../stream/index.ts';
import { readFactRows } from './facts.ts';
import { factKey } from './ledger.ts';
import { type Triple, toTriple } from './numbering.ts';
import { AUDIT_PRODUCER, type Audit, type AuditOptions } from './run.ts';
import { openSnapshot } from './snapshot.ts';
import { findOnStream, putEvents, type StreamEvent } from './stream.ts';
import { waitStored } from './tables.ts';

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
  const analytics = await openSnapshot(places.analytics, 'analytics database');
  const found = await findOnStream(audit, stream, analytics).finally(() => analytics.close());
  await putEvents(places.stream, found, putRecords);

  const again = new Set(found.map(({ event }) => factKey(event.clientid, event.id)));
  const facts = audit.facts.missing.filter(({ client_id, id }) => !again.has(factKey(client_id, id)));
  const restamp = createRestamper();
  const forwarded: Triple[] = [];
  const registry = await openSnapshot(places.registry, 'registry');
  try {
    for (let at = 0; at < facts.length; at += CHUNK) {
      const events = (await readFactRows(registry, facts.slice(at, at + CHUNK))).flatMap(({ client, fact }) =>
        restamp(client, fact),
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
    notYetStored: await waitStored(places.analytics, triples, patienceMs),
  };
}

/** Received when it happened: who sent it, from where and with what is not known any more. */
function receiptOf(client: string, fact: Fact): Receipt {
  return {
    client,
    requestId: `audit-${fact.id}`,
    receivedAt: Date.parse(fact.time),
    ip: '',
    userAgent: undefined,
  };
}

/** Stamps facts one after the other with numbers of this audit's own; one that no record holds is left out, unnumbered. */
function createRestamper(): (client: string, fact: Fact) => StreamEvent[] {
  const incarnation = { producer: AUDIT_PRODUCER + hostname(), boot: randomUUID() };
  let n = 0;
  return (client, fact) => {
    const event = stampEvent(fact, receiptOf(client, fact), { ...incarnation, n: String(n + 1) });
    if (!fitsRecord(JSON.stringify(event))) return [];
    n++;
    return [{ partitionKey: partitionKeyOf(client, fact), event }];
  };
}
