import type { Fact } from '../../../contracts/cloud-event.ts';
import { type FactJson, toFact } from '../../../lambdas/adapters/stored-fact.ts';
import type { Snapshot } from './database.ts';
import type { Key } from './pair-keys.ts';

const READ_FACT_ROWS = `
select f.client_id, row_to_json(f) as fact from fact f
join unnest($1::text[], $2::uuid[]) as t(client_id, id) on t.client_id = f.client_id and t.id = f.id
order by f.client_id, f.id`;

/** The facts as they were first made; those that are gone meanwhile are left out. */
export async function readFactRows(
  registry: Snapshot,
  keys: Key[],
): Promise<{ client: string; fact: Fact }[]> {
  const rows = await registry.query<{ client_id: string; fact: FactJson }>(READ_FACT_ROWS, [
    keys.map(({ client_id }) => client_id),
    keys.map(({ id }) => id),
  ]);
  return rows.map(({ client_id, fact }) => ({ client: client_id, fact: toFact(fact) }));
}
