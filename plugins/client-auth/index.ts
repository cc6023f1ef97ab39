import { LRUCache } from 'lru-cache';
import { parseKey } from '../../contracts/api-key.ts';
import { normalizeIp, senderPrefix } from '../../contracts/ip-address.ts';
import { retryAfter } from '../../contracts/retry-after.ts';
import { exitWithProblem } from '../exit.ts';
import type { Kong } from '../pdk.ts';
import { type AuthenticatedClient, setClient } from '../shared-context.ts';
import { type BucketLimit, createTokenBuckets, type TokenBuckets } from '../token-bucket.ts';
import { checkKey } from './check-key.ts';
import { type ConsumerCache, createConsumerCache, type KnownClient } from './consumer-cache.ts';
import { type ClientAuthConfig, schema } from './schema.ts';

/**
 * Configurations of the limit that are remembered: more than deck.yaml has before and after a change. The next instance of one
 * that was forgotten begins with full buckets.
 */
const MAX_LIMITS = 16;

/**
 * A limit holds for a node, so for this process: three routes have an instance of this plugin each, each of nginx's workers
 * starts its own, and a change of the configuration starts them anew.
 */
const shared = new LRUCache<string, TokenBuckets>({ max: MAX_LIMITS });
function bucketsOf(limit: BucketLimit): TokenBuckets {
  const key = JSON.stringify([limit.rate, limit.burst, limit.max]);
  const buckets = shared.get(key) ?? createTokenBuckets(limit);
  shared.set(key, buckets);
  return buckets;
}

const IN_HEADER = 'Send it in the x-api-key header.';
/** who sends this can set no header */
const IN_BODY = 'Send it as "key" beside "events": the body is one JSON object.';

/** Authenticates a client by its API key and makes it Kong's consumer. */
class ClientAuth {
  #config: ClientAuthConfig;
  #consumers: ConsumerCache;
  #buckets: TokenBuckets;

  constructor(config: ClientAuthConfig) {
    this.#config = config;
    this.#consumers = createConsumerCache(config.cache_ttl_ms, config.cache_size);
    const { rate = 0, burst = 1, max_senders: max = 1 } = config;
    this.#buckets = bucketsOf({ rate, burst, max });
  }

  async access(kong: Kong): Promise<void> {
    const { kind, key_in_body, rate } = this.#config;
    const [header, origin, ip, contentType, body] = await Promise.all([
      kong.request.getHeader('x-api-key'),
      kong.request.getHeader('origin'),
      rate > 0 ? kong.client.getForwardedIp() : undefined,
      key_in_body ? kong.request.getHeader('content-type') : undefined,
      key_in_body ? kong.request.getRawBody() : undefined,
    ]);
    const beacon = isPlainText(contentType);
    const key = header || (beacon ? keyOfBody(body) : undefined);
    if (!key) return exitWithProblem(kong, 'key_missing', { detail: beacon ? IN_BODY : IN_HEADER });
    const client = parseKey(key)?.client;
    if (!client) return exitWithProblem(kong, 'key_invalid');
    const check = (known: KnownClient | null) =>
      checkKey(key, known, { kind, origin: origin || undefined, now: new Date() });

    const outdated = this.#consumers.outdated(client);
    const supposed = outdated && check(outdated);
    // who sends less than once a cache time would wait a round trip for what hardly ever changes: in the same one the
    // consumer is read and, as it last was, made Kong's. What was read decides: before that, nothing goes on
    const early =
      outdated && supposed?.ok
        ? makeConsumer(kong, { client, kind }, outdated, supposed.credentialId)
        : undefined;
    const [known] = await Promise.all([this.#consumers.find(kong, client), early]).catch(async (error) => {
      // the stock plugin server lets a request go on when a plugin throws
      if (early) await exitWithProblem(kong, 'unavailable', { retryAfter: 1 });
      throw error;
    });
    const checked = check(known);
    if (!checked.ok || !known) return exitWithProblem(kong, checked.ok ? 'key_invalid' : checked.code);
    const taken = this.#buckets.take(`${client} ${senderOf(ip)}`);
    if (!taken.ok) return refuse(kong, rate, taken.retryAfter);
    if (!early || known !== outdated) await makeConsumer(kong, { client, kind }, known, checked.credentialId);
  }
}

async function makeConsumer(
  kong: Kong,
  client: AuthenticatedClient,
  { consumer }: KnownClient,
  credentialId: string,
): Promise<void> {
  await Promise.all([
    kong.client.authenticate(consumer, { id: credentialId, consumer_id: consumer.id }),
    setClient(kong, client),
  ]);
}

/** An address that can't be read shares one bucket: it must not be a way around the limit. */
function senderOf(ip: string | undefined): string {
  const address = normalizeIp(ip);
  return address === null ? '' : senderPrefix(address);
}

/** The limit's headers are those of Kong's rate-limiting (draft-ietf-httpapi-ratelimit-headers-02). */
function refuse(kong: Kong, rate: number, seconds: number): Promise<void> {
  const headers = {
    'ratelimit-limit': String(rate),
    'ratelimit-remaining': '0',
    'ratelimit-reset': retryAfter(seconds),
  };
  return exitWithProblem(kong, 'too_many_requests', { retryAfter: seconds, headers });
}

/** What sendBeacon sends without a preflight: it can set no header, so the key travels in the body. */
const isPlainText = (contentType: string | undefined): boolean => /^text\/plain\b/i.test(contentType ?? '');

function keyOfBody(body: Buffer | string | undefined): string | undefined {
  if (!body) return undefined;
  try {
    const { key } = JSON.parse(body.toString()) as { key?: unknown };
    return typeof key === 'string' ? key : undefined;
  } catch {
    return undefined;
  }
}

export const Plugin = ClientAuth;
export const Name = 'client-auth';
export const Version = '1.0.0';
/** that of Kong's key-auth, so that rate-limiting and the rest see the consumer */
export const Priority = 1250;
export const Schema = schema;
