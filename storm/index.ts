/** The topology, for operators: what it decodes and rejects, how it stores, where it reads on. */

export { TOPOLOGY_SETTINGS } from './database.ts';
export { decodeRecord } from './decode/decode-record.ts';
export type { RejectReason } from './decode/rejected.ts';
export { type EnrichedEvent, EVENT_COLUMN_NAMES } from './enrich/enriched-event.ts';
export { SHARD_END } from './spout/ports.ts';
export { createEventStore } from './store/event-store.ts';
