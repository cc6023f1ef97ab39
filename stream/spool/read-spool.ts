import { join } from 'node:path';
import type { StampedEvent } from '../../contracts/stamped-event.ts';
import { decodeFrame, intactFrames } from './frames.ts';
import { bootDir, listBoots, listSegments, readIfThere } from './layout.ts';

export interface SpooledRecord {
  boot: string;
  segment: string;
  stream: string;
  partitionKey: string;
  events: StampedEvent[];
}

/**
 * Every intact record of every segment, changing nothing; a missing folder holds none. Whether Kinesis has taken a
 * record is not told: a segment goes as a whole. Its owner may retire segments meanwhile, so to count what was received
 * read the spool first and the tallies after it, and leave out the segments that a tally names.
 */
export async function* readSpool(dir: string): AsyncGenerator<SpooledRecord> {
  for (const boot of await listBoots(dir))
    for (const segment of await listSegments(dir, boot)) {
      const bytes = await readIfThere(join(bootDir(dir, boot), segment));
      if (!bytes) continue;
      for (const { frame } of intactFrames(bytes)) {
        const { stream, partitionKey, data } = decodeFrame(frame);
        yield { boot, segment, stream, partitionKey, events: JSON.parse(data.toString()) as StampedEvent[] };
      }
    }
}
