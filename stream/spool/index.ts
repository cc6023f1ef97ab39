/** A node's spool, for whoever is not its owner. */
export { listOrphans } from './adopt.ts';
export { type ListedBoot, listSpool } from './list-spool.ts';
export { readSpool } from './read-spool.ts';
export { readTallies, type Tally } from './read-tallies.ts';
export { TALLY_DAYS } from './retirement.ts';
export { openSpool } from './spool.ts';
