import type pg from 'pg';
import type { RejectReason } from '../../storm/index.ts';

/** Which rejected events; all that is given must hold. */
export interface RejectedFilter {
  reason?: RejectReason;
  client?: string;
  /** rejected at or after */
  from?: Date;
  /** rejected before */
  to?: Date;
}

export interface RejectedRow {
  source_id: string;
  reason: RejectReason;
  detail: string;
  code_version: string;
  client_id: string | null;
  rejected_at: Date;
  payload: string;
  payload_encoding: 'json' | 'text' | 'base64';
  /** all null where none could be read */
  producer: string | null;
  boot: string | null;
  n: string | null;
}

export interface RejectedCount {
  reason: RejectReason;
  client_id: string | null;
  code_version: string;
  count: number;
  oldest: Date;
  newest: Date;
}

/** Rows held in memory at a time: a payload may be as large as a record. */
const PAGE = 200;

const COLUMNS = `source_id, reason, detail, code_version, client_id, rejected_at, payload, payload_encoding,
  producer, boot::text, n::text`;
const FILTER = `($1::text is null or reason = $1) and ($2::text is null or client_id = $2)
  and ($3::timestamptz is null or rejected_at >= $3) and ($4::timestamptz is null or rejected_at < $4)`;
const values = ({ reason, client, from, to }: RejectedFilter) => [reason, client, from, to];

export async function countRejected(pool: pg.Pool, filter: RejectedFilter): Promise<RejectedCount[]> {
  const { rows } = await pool.query<RejectedCount>(
    `select reason, client_id, code_version, count(*)::int, min(rejected_at) as oldest, max(rejected_at) as newest
     from rejected_events where ${FILTER} group by 1, 2, 3 order by 1, 2, 3`,
    values(filter),
  );
  return rows;
}

/** Page after page in the order of `source_id`, so that rows that go or come meanwhile move none of the others. */
export async function* rejectedPages(pool: pg.Pool, filter: RejectedFilter): AsyncGenerator<RejectedRow[]> {
  let after = '';
  for (;;) {
    const { rows } = await pool.query<RejectedRow>(
      `select ${COLUMNS} from rejected_events where ${FILTER} and source_id > $5 order by source_id limit ${PAGE}`,
      [...values(filter), after],
    );
    const last = rows.at(-1);
    if (!last) return;
    yield rows;
    after = last.source_id;
  }
}

export async function rejectedById(pool: pg.Pool, ids: string[]): Promise<Map<string, RejectedRow>> {
  const { rows } = await pool.query<RejectedRow>(
    `select ${COLUMNS} from rejected_events where source_id = any($1)`,
    [ids],
  );
  return new Map(rows.map((row) => [row.source_id, row]));
}

/** A triple under which a rejected row was put back. */
export interface PutTriple {
  source_id: string;
  producer: string;
  boot: string;
  n: string;
}

/**
 * Deletes the rows of which every triple is in one of the tables. Where the row has a triple of its own, the store
 * statement has done that already; one without is remembered in `replayed_records` by the same statement.
 * @returns the source ids that are still rejected
 */
export async function settleReplayed(pool: pg.Pool, triples: PutTriple[]): Promise<string[]> {
  const { rows } = await pool.query<{ source_id: string }>(SETTLE, [
    triples.map(({ source_id }) => source_id),
    triples.map(({ producer }) => producer),
    triples.map(({ boot }) => boot),
    triples.map(({ n }) => n),
  ]);
  return rows.map(({ source_id }) => source_id);
}

const SETTLE = `
with put as (
  select * from unnest($1::text[], $2::text[], $3::uuid[], $4::bigint[]) as t (source_id, producer, boot, n)
), ended as (
  select source_id from put p group by source_id
  having bool_and(
    exists (select from events e where (e.producer, e.boot, e.n) = (p.producer, p.boot, p.n))
    or exists (select from duplicates d where (d.producer, d.boot, d.n) = (p.producer, p.boot, p.n))
    or exists (select from rejected_events o where o.source_id <> p.source_id and o.source_id = p.producer || '/' || p.boot || '/' || p.n))
), gone as (
  delete from rejected_events r using ended where r.source_id = ended.source_id returning r.source_id, r.n
), remembered as (
  insert into replayed_records (source_id) select source_id from gone where n is null on conflict do nothing
)
select distinct r.source_id from put join rejected_events r using (source_id)
where not exists (select from gone where gone.source_id = r.source_id)`;
