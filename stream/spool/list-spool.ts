import { join } from 'node:path';
import type { StampedEvent } from '../../contracts/stamped-event.ts';
import { decodeFrame, intactFrames } from './frames.ts';
import { bootDir, listBoots, listSegments, readIfThere } from './layout.ts';
import { isAlive, readOwner } from './owner.ts';

/** What the segments of one process hold; a segment goes as a whole, so Kinesis may have some of it already. */
export interface ListedBoot {
  boot: string;
  owner: 'alive' | 'dead';
  pid: number | null;
  records: number;
  events: number;
  bytes: number;
  /** RFC 3339, receipt of the oldest event */
  oldest: string | null;
  /** bytes behind the last intact record of a segment; of a living owner: what it is writing */
  torn: number;
}

/** The processes that have a folder; none where there is no spool yet. */
export async function listSpool(dir: string): Promise<ListedBoot[]> {
  const listed: ListedBoot[] = [];
  for (const boot of await listBoots(dir)) listed.push(await inspect(dir, boot));
  return listed;
}

async function inspect(dir: string, boot: string): Promise<ListedBoot> {
  const owner = await readOwner(bootDir(dir, boot));
  const listed: ListedBoot = {
    ...{ boot, owner: owner && isAlive(owner) ? 'alive' : 'dead', pid: owner?.pid || null },
    ...{ records: 0, events: 0, bytes: 0, oldest: null, torn: 0 },
  };
  for (const segment of await listSegments(dir, boot)) {
    const bytes = (await readIfThere(join(bootDir(dir, boot), segment))) ?? Buffer.alloc(0);
    let intact = 0;
    for (const { frame, offset } of intactFrames(bytes)) {
      const events = JSON.parse(decodeFrame(frame).data.toString()) as StampedEvent[];
      listed.records++;
      listed.events += events.length;
      for (const { receivedtime } of events)
        if (listed.oldest === null || receivedtime < listed.oldest) listed.oldest = receivedtime;
      intact = offset + frame.length;
    }
    listed.bytes += bytes.length;
    listed.torn += bytes.length - intact;
  }
  return listed;
}
