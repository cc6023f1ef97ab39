import { join } from 'node:path';
import { type BoltOutput, runBolt } from '../multilang/bolt.ts';
import { decodeBatch } from '../spout/record-batch.ts';
import { openCountries } from './country.ts';
import { enrichRecord } from './enrich-record.ts';
import { type EnrichedBatch, encodeEnriched } from './enriched-batch.ts';

/**
 * The decode and enrich steps in one bolt. They are apart in the code, but a hop between two bolts costs more than
 * both steps: the tuple is written, read by the JVM, written again and parsed, by one more process of 80 MB.
 */
function prepare(_handshake: unknown, output: BoltOutput) {
  const countryOf = openCountries(join(import.meta.dirname, 'dbip-country.mmdb'));
  return {
    process({ id, tuple }: { id: string; tuple: unknown[] }) {
      const batch: EnrichedBatch = { events: [], rejected: [] };
      for (const record of decodeBatch(tuple[0] as string)) {
        const { events, rejected } = enrichRecord(record, countryOf);
        batch.events.push(...events);
        batch.rejected.push(...rejected);
      }
      output.emit([encodeEnriched(batch)], [id]);
      output.ack(id);
    },
  };
}

runBolt(prepare);
