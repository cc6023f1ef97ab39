import { rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { StampedEvent } from '../../contracts/stamped-event.ts';
import { decodeFrame, intactFrames } from './frames.ts';
import { bootDir, listBoots, listSegments, readIfThere } from './layout.ts';
import { isAlive, NOBODY, type Owner, readOwner, takeOver } from './owner.ts';
import { readTallies } from './read-tallies.ts';
import { createSegment, type Segment } from './segment.ts';
import { PARKED } from './slots.ts';

/** So much is read into the columns between two turns of the event loop. */
const BYTES_A_TURN = 256 * 1024;

export interface Adopted {
  boot: string;
  segments: Segment[];
  /** bytes behind the last intact frame, cut off */
  torn: number;
}

/** Takes over the folder of a boot whose owner is dead; null when it is alive, or another process was faster. */
export async function adopt(dir: string, boot: string, me: Owner): Promise<Adopted | null> {
  const folder = bootDir(dir, boot);
  const owner = await readOwner(folder);
  if ((owner && isAlive(owner)) || !(await takeOver(folder, owner, me))) return null;
  try {
    return await loadBoot(dir, boot);
  } catch (error) {
    // to be tried again
    await takeOver(folder, me, NOBODY);
    throw error;
  }
}

async function loadBoot(dir: string, boot: string): Promise<Adopted> {
  const adopted: Adopted = { boot, segments: [], torn: 0 };
  const tallied = new Set<string>();
  for await (const tally of readTallies(dir, boot)) tallied.add(tally.segment);
  for (const name of await listSegments(dir, boot)) {
    const path = join(bootDir(dir, boot), name);
    // its owner died between the two steps of retiring it
    if (tallied.has(name)) await rm(path, { force: true });
    else {
      const { segment, torn } = await load(dir, boot, name);
      if (torn > 0) await truncate(path, segment.bytes);
      adopted.torn += torn;
      adopted.segments.push(segment);
    }
  }
  return adopted;
}

/** The boots whose owner is dead, or that have records and no owner. */
export async function listOrphans(dir: string): Promise<string[]> {
  const orphans: string[] = [];
  for (const boot of await listBoots(dir)) {
    const owner = await readOwner(bootDir(dir, boot));
    if (owner ? !isAlive(owner) : (await listSegments(dir, boot)).length > 0) orphans.push(boot);
  }
  return orphans;
}

async function load(dir: string, boot: string, name: string): Promise<{ segment: Segment; torn: number }> {
  const segment = createSegment(dir, boot, name, '');
  const bytes = (await readIfThere(segment.path)) ?? Buffer.alloc(0);
  let turnAt = BYTES_A_TURN;
  for (const { frame, offset } of intactFrames(bytes)) {
    const { stream, data } = decodeFrame(frame);
    const events = JSON.parse(data.toString()) as StampedEvent[];
    const [first] = events;
    if (!first) continue;
    segment.producer = first.producer;
    const receivedAt = Date.parse(first.receivedtime);
    const counted = { client: first.clientid, receivedAt, from: Number(first.n), events: events.length };
    segment.slots.add(stream, counted, offset, PARKED);
    segment.tally.add(counted);
    segment.bytes = offset + frame.length;
    if (segment.bytes < turnAt) continue;
    turnAt = segment.bytes + BYTES_A_TURN;
    await turn();
  }
  segment.durable = segment.slots.count;
  segment.sealed = true;
  return { segment, torn: bytes.length - segment.bytes };
}
