/** Marks a shard that was read to its end. */
export const SHARD_END = 'SHARD_END';

/** Where reading goes on after a restart: per shard the last sequence number of which all before are stored. */
export interface CheckpointStore {
  load(stream: string): Promise<Map<string, string>>;
  save(stream: string, shard: string, sequence: string): Promise<void>;
}
