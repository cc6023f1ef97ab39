import { type Boot, bootKey } from './boot.ts';
import type { Snapshot } from './database.ts';
import type { Range } from './ranges.ts';
import type { Window } from './window.ts';
import { WINDOW_ROWS } from './window-rows.ts';

const TOUCHED_BOOTS = `
select producer, boot::text, min(n)::float8 as "from", max(n)::float8 as "to" from (${WINDOW_ROWS}) as r group by 1, 2`;

/** By boot key: the lowest and highest n that the tables hold of the window. */
export async function touchedBoots(analytics: Snapshot, { from, to }: Window): Promise<Map<string, Range>> {
  const rows = await analytics.query<Boot & Range>(TOUCHED_BOOTS, [from, to]);
  return new Map(rows.map((row) => [bootKey(row), { from: row.from, to: row.to }]));
}
