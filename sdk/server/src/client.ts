import openapiClient, { type Client, type FetchResponse, type MaybeOptionalInit } from 'openapi-fetch';
import type { paths } from './api.ts';
import type { Fetch } from './attempt.ts';
import { DEFAULT_RULES, type RetryRules, retryingFetch, WORLD, type World } from './retry.ts';

export interface ClientOptions {
  /** the gateway's address, as `https://api.example.com` */
  endpoint: string;
  /** `sk_…`, or `pk_…` for registrations and events; it goes to the endpoint and nowhere else */
  key: string;
  /** instead of the runtime's own */
  fetch?: Fetch;
  retry?: Partial<RetryRules>;
}

type Method = 'get' | 'post' | 'delete';
type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never;
}[keyof paths];
// of openapi-fetch' options those that can't undo what this client promises
type Options<P extends PathOf<M>, M extends Method> = Pick<
  NonNullable<MaybeOptionalInit<paths[P], M>>,
  Extract<'params' | 'body' | 'headers' | 'signal', keyof NonNullable<MaybeOptionalInit<paths[P], M>>>
>;
type Result<T> =
  T extends Record<string | number, unknown>
    ? FetchResponse<T, Record<never, never>, 'application/json'>
    : never;

/** What a call resolves to: `data` is the body of the 2xx. */
export type Answer<P extends PathOf<M>, M extends Method> = Pick<
  Extract<Result<paths[P][M]>, { error?: never }>,
  'data' | 'response'
>;

type Call<M extends Method> = <P extends PathOf<M>>(path: P, options: Options<P, M>) => Promise<Answer<P, M>>;

/** Calls by path, each rejected with a PistatsError unless the answer is a 2xx. */
export interface PistatsClient {
  GET: Call<'get'>;
  POST: Call<'post'>;
  DELETE: Call<'delete'>;
}

/** A client of `endpoint`. @throws TypeError for an endpoint that is no http(s) URL, or a text that is no key */
export const createClient = (options: ClientOptions): PistatsClient => clientIn(WORLD, options);

/** As `createClient`, in a world of a test's own. */
export function clientIn(world: World, { endpoint, key, retry, ...options }: ClientOptions): PistatsClient {
  if (!/^https?:$/.test(new URL(endpoint).protocol)) throw new TypeError('endpoint must be an http(s) URL.');
  if (!/^[ps]k_[\w-]+$/.test(key)) throw new TypeError('key must be an API key, sk_… or pk_….');
  // found at each call: a runtime or a test may put another in its place
  const fetch: Fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  const client: Client<paths> = openapiClient<paths>({
    baseUrl: endpoint,
    headers: { 'x-api-key': key },
    fetch: retryingFetch(fetch, { ...DEFAULT_RULES, ...retry }, world),
  });
  // the same methods: that they never resolve to an error is retryingFetch' doing, which openapi-fetch' types can't know
  return client as unknown as PistatsClient;
}
