/** A node's spool, for whoever is not its owner. */
export { listOrphans } from './adopt.ts';
export { decodeFrame, intactFrames } from './frames.ts';
export { bootDir, listBoots, listSegments, readIfThere } from './layout.ts';
export { isAlive, readOwner } from './owner.ts';
export { readSpool } from './read-spool.ts';
export { readTallies, type Tally } from './read-tallies.ts';
export { TALLY_DAYS } from './retirement.ts';
export { openSpool } from './spool.ts';
