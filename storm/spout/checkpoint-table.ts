import type pg from 'pg';
import type { CheckpointStore } from './ports.ts';

/** Checkpoints beside the events, in the analytics database. A checkpoint never moves back. */
export function checkpointTable(pool: pg.Pool): CheckpointStore {
  return {
    async load(stream) {
      const { rows } = await pool.query<{ shard: string; sequence: string }>(
        'select shard, sequence from checkpoints where stream = $1',
        [stream],
      );
      return new Map(rows.map((row) => [row.shard, row.sequence]));
    },
    async save(stream, shard, sequence) {
      await pool.query(SAVE, [stream, shard, sequence]);
    },
  };
}

const SAVE = `
insert into checkpoints as c (stream, shard, sequence) values ($1, $2, $3)
on conflict (stream, shard) do update set sequence = excluded.sequence, saved_at = now()
where case
  when c.sequence = 'SHARD_END' then false
  when excluded.sequence = 'SHARD_END' then true
  else excluded.sequence::numeric > c.sequence::numeric
end`;
