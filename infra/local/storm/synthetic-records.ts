import { v7 } from 'uuid';
import type { Fact } from '../../../contracts/cloud-event.ts';
import type { StampedEvent } from '../../../contracts/stamped-event.ts';
import { encodeBatch, type RawRecord } from '../../../storm/spout/record-batch.ts';

/** As the spout cuts them (storm/spout/main.ts). */
const EVENTS_A_TUPLE = 500;
/** Different agents, addresses and stories in a round: more than the caches of the enrichment would like. */
const BUILDS = 5_000;
const STORIES = 500;
/** Every so many events one is a registration, the others are page views. */
const REGISTRATION_EVERY = 5;

const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36',
];

export interface SyntheticOptions {
  producer: string;
  /** UUID */
  boot: string;
  /** how many events a request of the gateway carries, 1 to 500 */
  eventsPerRecord: number;
  /** after so many it is dry */
  total: number;
}

/** Gives tuple after tuple, payloads as the Kinesis spout emits them; undefined once `total` events were given. */
export function createSyntheticRecords(options: SyntheticOptions): () => string | undefined {
  let n = 0;
  let sequence = 0;
  return () => {
    const end = Math.min(options.total, n + EVENTS_A_TUPLE);
    if (n >= end) return undefined;
    const records: RawRecord[] = [];
    while (n < end) {
      const first = n;
      n = Math.min(end, n + options.eventsPerRecord);
      records.push({
        shard: 'shardId-000000000000',
        sequence: String(++sequence),
        data: recordOf(first, n, options),
        encoding: 'text',
      });
    }
    return encodeBatch(records);
  };
}

/** One request's events as the gateway stamps them (stream/stamp.ts). */
function recordOf(first: number, end: number, { producer, boot }: SyntheticOptions): string {
  const now = new Date().toISOString();
  const events: StampedEvent[] = [];
  for (let index = first; index < end; index++)
    events.push({
      ...factOf(index, now),
      clientid: 'synthetic',
      requestid: `${producer}-${first}`,
      receivedtime: now,
      acceptedtime: now,
      clientip: `81.${first % 200}.${(first >> 8) % 256}.${first % 256}`,
      useragent: `${AGENTS[first % AGENTS.length]} Build/${first % BUILDS}`,
      producer,
      boot,
      n: String(index + 1),
    });
  return JSON.stringify(events);
}

function factOf(index: number, time: string): Fact {
  const page = {
    url: `https://www.example.com/story/${index % STORIES}?utm_source=newsletter&utm_medium=email`,
    referrer: 'https://news.example.net/',
  };
  const head = { specversion: '1.0', id: v7(), time, datacontenttype: 'application/json' } as const;
  if (index % REGISTRATION_EVERY > 0)
    return { ...head, source: '/clients/synthetic', type: 'client.page_view', data: { page, seq: index } };
  const userId = v7();
  return {
    ...head,
    source: '/clients/synthetic/properties/www',
    type: 'pistats.registration.created',
    subject: userId,
    data: {
      property: 'www',
      registrationId: v7(),
      userId,
      deviceId: v7(),
      platform: 'web',
      locale: 'de',
      page,
    },
  };
}
