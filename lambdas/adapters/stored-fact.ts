import type { Fact } from '../../contracts/cloud-event.ts';

/** A row of `fact` as JSON from PostgreSQL. */
export interface FactJson {
  id: string;
  type: Fact['type'];
  source: string;
  subject: string | null;
  time: string;
  data: Record<string, unknown>;
}

/** The fact exactly as it was first made. */
export function toFact({ id, type, source, subject, time, data }: FactJson): Fact {
  return {
    specversion: '1.0',
    id,
    source,
    type,
    time: new Date(time).toISOString(),
    ...(subject === null ? {} : { subject }),
    datacontenttype: 'application/json',
    data,
  };
}

export const factRow = ({ client, fact }: { client: string; fact: Fact }) => ({
  client_id: client,
  id: fact.id,
  type: fact.type,
  source: fact.source,
  subject: fact.subject ?? null,
  time: fact.time,
  data: fact.data,
});
