import type pg from 'pg';
import { tripleId } from '../decode/decode-record.ts';
import { originOf, type RejectedEvent, reject } from '../decode/rejected.ts';
import type { EnrichedBatch } from '../enrich/enriched-batch.ts';
import type { EnrichedEvent } from '../enrich/enriched-event.ts';
import { STORE_STATEMENT, storeValues } from './store-statement.ts';

export interface EventStore {
  /**
   * Stores a batch and resolves after the commit. Data that the database refuses ends in `rejected_events`; throws
   * only when the database can't work now, and then the batch may be stored in part and is to be given again.
   */
  store(batch: EnrichedBatch): Promise<void>;
}

/** Serialization failure, deadlock, lock not available: the same again may go well. */
const CONFLICTS = new Set(['40001', '40P01', '55P03']);
const MAX_ATTEMPTS = 5;

/** Classes 22 (data exception) and 23 (integrity constraint) and values too large for a limit: the data's fault. */
function isDataError(code: string | undefined): boolean {
  return /^2[23]/.test(code ?? '') || code === '54000' || code === '54001';
}

export function createEventStore(pool: Pick<pg.Pool, 'query'>): EventStore {
  /** days whose partition exists as far as we know */
  const days = new Set<string>();

  async function ensurePartitions(events: EnrichedEvent[]): Promise<void> {
    for (const day of new Set(events.map((event) => event.day))) {
      if (days.has(day)) continue;
      await pool.query('select ensure_partition($1)', [day]);
      days.add(day);
    }
  }

  /** One statement; again for the rows that met an insert of another batch still under way. */
  async function write(events: EnrichedEvent[], rejected: RejectedEvent[]): Promise<void> {
    await ensurePartitions(events);
    const { rows } = await pool.query<{ index: number }>({
      name: 'store',
      text: STORE_STATEMENT,
      values: storeValues(events, rejected),
    });
    if (rows.length > 0)
      await write(
        rows.map(({ index }) => events[index] as EnrichedEvent),
        [],
      );
  }

  async function attempt(events: EnrichedEvent[], rejected: RejectedEvent[]): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await write(events, rejected);
      } catch (error) {
        const code = (error as { code?: string }).code;
        if (tries >= MAX_ATTEMPTS) throw error;
        // a partition may have been dropped since it was seen
        if (code === '23514' && events.some((event) => days.delete(event.day))) continue;
        if (!CONFLICTS.has(code ?? '')) throw error;
      }
    }
  }

  async function store(events: EnrichedEvent[], rejected: RejectedEvent[]): Promise<void> {
    if (events.length + rejected.length === 0) return;
    try {
      await attempt(events, rejected);
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (!isDataError(code)) throw error;
      if (rejected.length > 0) {
        await storeRejected(rejected);
        await store(events, []);
        return;
      }
      if (events.length <= 1) {
        await storeRejected(events.map((event) => unstorable(event, `${code} ${message}`)));
        return;
      }
      const middle = events.length >> 1;
      await store(events.slice(0, middle), []);
      await store(events.slice(middle), []);
    }
  }

  /** What is rejected must not be refused in its turn: then it comes again for ever, and all behind it waits. */
  async function storeRejected(rows: RejectedEvent[]): Promise<void> {
    if (rows.length === 0) return;
    try {
      await attempt([], rows);
    } catch (error) {
      if (!isDataError((error as { code?: string }).code)) throw error;
      for (const row of rows) await attempt([], [withoutTriple(row)]);
    }
  }

  return {
    async store({ events, rejected }) {
      // a triple that is in both (a redelivery across a change of the code) is stored
      const stored = new Set(events.map(tripleId));
      await store(
        events,
        rejected.filter((row) => !stored.has(row.source_id)),
      );
    },
  };
}

/** The enriched row is what is left at this point: a mended store can take it as it is. */
function unstorable(event: EnrichedEvent, detail: string): RejectedEvent {
  const { producer, boot, n } = event;
  const origin = originOf(event.client_id, event.received_at);
  const source = { source_id: tripleId(event), producer, boot, n, ...origin };
  return reject(source, 'unstorable', detail, { payload: JSON.stringify(event), payload_encoding: 'json' });
}

/** The row as text alone, which nothing but U+0000 can keep out of the table. */
function withoutTriple(row: RejectedEvent): RejectedEvent {
  const source_id = row.source_id.replaceAll('\u0000', '\ufffd');
  return { ...row, source_id, producer: null, boot: null, n: null, client_id: null };
}
