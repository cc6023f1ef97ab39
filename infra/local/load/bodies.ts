import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { StopError } from '../stop-error.ts';

export interface ReplayClient {
  name: string;
  properties: readonly string[];
  pk: string;
}

export interface ReplayRequest {
  client: ReplayClient;
  body: string;
  installationId: string | undefined;
  userAgent: string;
  /** of the visitor, as a load balancer would forward it */
  address: string;
  /** topics this device joins once it is registered; empty: none */
  topics: string[];
}

const USER_AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1',
];
/** Access networks of the countries whose languages are below; the visitors are spread over them. */
const NETWORKS = ['81.2', '84.130', '90.10', '80.30', '49.36', '177.40', '2a02:8100', '2409:4060'];
const LOCALES = ['en-GB', 'de-DE', 'fr-FR', 'es-ES', 'hi-IN', 'pt-BR'];
const TIME_ZONES = ['Europe/London', 'Europe/Berlin', 'Asia/Kolkata', 'America/Sao_Paulo'];
const TOPICS = ['breaking', 'sport', 'politics', 'culture', 'election'];
const SOURCES = ['newsletter', 'search', 'social'];
/** One request in this many comes again from an installation that registered before. */
const AGAIN_EVERY = 20;
/** One registered device in this many joins topics. */
const SUBSCRIBES_EVERY = 5;

/** A pseudo-random number below `below` that follows from `seed` and `what` alone. */
function draw(seed: string, what: string, below: number): number {
  return createHash('sha256').update(`${seed} ${what}`).digest().readUInt32LE() % below;
}

const pick = <T>(list: readonly T[], seed: string, what: string): T =>
  list[draw(seed, what, list.length)] as T;

/** A visitor's address; the same of the same seed. */
function addressOf(seed: string): string {
  const network = pick(NETWORKS, seed, 'network');
  const host = draw(seed, 'host', 65_536);
  const [high, low] = [host >> 8, host & 255];
  return network.includes(':')
    ? `${network}:${high.toString(16)}:${low.toString(16)}::1`
    : `${network}.${high}.${low}`;
}

/** `count` registration bodies for the clients in turn. The same `run` gives the same bodies. */
export function* generateRequests(
  clients: ReplayClient[],
  count: number,
  run: string = randomUUID(),
): Generator<ReplayRequest> {
  for (let index = 0; index < count; index++) {
    // the repeat of one registered some time before: a whole multiple of the number of clients keeps its client, and
    // it is none of AGAIN_EVERY, so that the one before was not a repeat itself
    const back = 101 * clients.length;
    const original = index >= back && index % AGAIN_EVERY === 0 ? index - back : index;
    const seed = `${run} ${original}`;
    const client = clients[original % clients.length] as ReplayClient;
    const installationId = createHash('sha256').update(`installation ${seed}`).digest('hex').slice(0, 32);
    const platform = pick(['web', 'web', 'web', 'android', 'ios'] as const, seed, 'platform');
    const utm =
      draw(seed, 'utm', 3) === 0 ? `?utm_source=${pick(SOURCES, seed, 'source')}&utm_medium=link` : '';
    const body = {
      property: pick(client.properties, seed, 'property'),
      ...(draw(seed, 'user', 3) === 0 ? { user: { id: `reader-${draw(seed, 'reader', 1_000_000)}` } } : {}),
      device: {
        installationId,
        platform,
        address: { kind: 'fcm_token', value: `live-${installationId}` },
        locale: pick(LOCALES, seed, 'locale'),
        timeZone: pick(TIME_ZONES, seed, 'zone'),
      },
      page: {
        url: `https://www.${client.name}.example/story/${draw(seed, 'story', 500)}${utm}`,
        referrer: '',
      },
    };
    const subscribes = original === index && draw(seed, 'subscribes', SUBSCRIBES_EVERY) === 0;
    const first = draw(seed, 'topic', TOPICS.length);
    const topics = subscribes ? TOPICS.slice(first, first + 1 + draw(seed, 'topics', 3)) : [];
    yield {
      client,
      body: JSON.stringify(body),
      installationId,
      userAgent: pick(USER_AGENTS, seed, 'agent'),
      address: addressOf(seed),
      topics,
    };
  }
}

/** Registration bodies of a file, one JSON object a line, for the clients in turn; what the API refuses is sent all the same. */
export function readRequests(file: string, clients: ReplayClient[]): ReplayRequest[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new StopError(
      `the input file ${file} can not be read: ${(error as NodeJS.ErrnoException).code}.`,
      2,
    );
  }
  const requests: ReplayRequest[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    let parsed: { device?: { installationId?: unknown } } | null;
    try {
      parsed = JSON.parse(line);
    } catch {
      throw new StopError(`${file}, line ${index + 1} is not JSON.`, 2);
    }
    const id = parsed?.device?.installationId;
    const installationId = typeof id === 'string' ? id : undefined;
    // one installation stays with one client
    const turn =
      installationId === undefined ? requests.length : draw(installationId, 'client', clients.length);
    const client = clients[turn % clients.length] as ReplayClient;
    const userAgent = pick(USER_AGENTS, line, 'agent');
    const subscribes = installationId !== undefined && draw(line, 'subscribes', SUBSCRIBES_EVERY) === 0;
    requests.push({
      client,
      body: line,
      installationId,
      userAgent,
      address: addressOf(installationId ?? line),
      topics: subscribes ? [pick(TOPICS, line, 'topic')] : [],
    });
  }
  if (requests.length === 0) throw new StopError(`${file} holds no registration body.`, 2);
  return requests;
}
