/** Nothing per client here: Kong walks the whole config of every plugin on every request. */
export interface ClientAuthConfig {
  /** the kind of key the route takes */
  kind: 'pk' | 'sk';
  /** also take the key from a text/plain body `{key, …}`: sendBeacon can set no header */
  key_in_body: boolean;
  /** how long a consumer, known or unknown, is not asked for again; also how long a revoked key may still pass */
  cache_ttl_ms: number;
  cache_size: number;
  /** requests per second a client and sender (IPv4, or /64 of an IPv6) may keep up on this node; 0: no limit */
  rate: number;
  /** how many may come at once after a quiet time */
  burst: number;
  /** senders remembered at a time: about 200 bytes each */
  max_senders: number;
}

export const schema = [
  { kind: { type: 'string', required: true, one_of: ['pk', 'sk'] } },
  { key_in_body: { type: 'boolean', required: true, default: false } },
  { cache_ttl_ms: { type: 'integer', required: true, default: 1000, between: [0, 60000] } },
  { cache_size: { type: 'integer', required: true, default: 10000, between: [1, 1000000] } },
  { rate: { type: 'number', required: true, default: 0, between: [0, 1000000] } },
  { burst: { type: 'integer', required: true, default: 1000, between: [1, 10000000] } },
  { max_senders: { type: 'integer', required: true, default: 100000, between: [1, 10000000] } },
];
