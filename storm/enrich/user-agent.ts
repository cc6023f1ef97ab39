import Bowser from 'bowser';
import { isbotMatch } from 'isbot';
import { LRUCache } from 'lru-cache';
import type { DeviceClass, EnrichedEvent } from './enriched-event.ts';

export type UserAgent = Pick<EnrichedEvent, 'device_class' | 'browser' | 'os' | 'is_bot' | 'bot_reason'>;

/** Agents seen by a site in a day are some thousands; a parse costs about 16 µs, a hit nothing. */
const CACHED_AGENTS = 10_000;
/** Longer ones are cut: nothing after this tells a browser apart. */
const MAX_LENGTH = 512;

const cache = new LRUCache<string, UserAgent>({ max: CACHED_AGENTS });
const NO_AGENT: UserAgent = {
  device_class: 'other',
  browser: null,
  os: null,
  is_bot: false,
  bot_reason: null,
};

/** Bots are flagged, never dropped: what counts is decided where figures are made. */
export function parseUserAgent(header: string | undefined): UserAgent {
  if (!header) return NO_AGENT;
  const agent = header.slice(0, MAX_LENGTH);
  const known = cache.get(agent);
  if (known) return known;
  const parsed = parse(agent);
  cache.set(agent, parsed);
  return parsed;
}

/** What calls itself a robot, against what merely is no browser. */
const DECLARED_BOT = /bot|crawl|spider|headless/i;

/**
 * The same for an event of an app, whose HTTP library (okhttp/4.12.0) is no browser and looks like a bot without being
 * one, and says nothing of the device.
 */
export function appAgent(header: string | undefined): UserAgent {
  const agent = parseUserAgent(header);
  if (agent.is_bot && DECLARED_BOT.test((header ?? '').replace(CUBOT, ''))) return agent;
  const device_class = ['other', 'bot'].includes(agent.device_class) ? 'mobile' : agent.device_class;
  return { ...agent, device_class, is_bot: false, bot_reason: null };
}

/** A maker of phones whose name looks like a bot's. */
const CUBOT = /\bCUBOT\b/gi;
/** What the library takes for something else, in the order in which it is asked. */
const CLASSES: [DeviceClass, RegExp][] = [
  ['tv', /\bAFT[A-Z0-9]+\b|smart-?tv|\bGoogleTV\b|Android TV|BRAVIA/i],
  ['desktop', /\bCrOS\b/],
  ['tablet', /^Dalvik\/.*(?:\bSM-[TPX]\d|\bLenovo TB|\bTab\b|\bPad\b)/],
  // the runtime of Android's apps never says Mobile, as a browser does on a phone
  ['mobile', /^Dalvik\//],
];

function parse(header: string): UserAgent {
  const agent = header.replace(CUBOT, 'Cub');
  const { browser, os, platform } = Bowser.parse(agent);
  const match = isbotMatch(agent);
  const isBot = match !== null || platform.type === 'bot';
  return {
    device_class: isBot
      ? 'bot'
      : (CLASSES.find(([, pattern]) => pattern.test(agent))?.[0] ?? deviceClass(platform.type)),
    browser: browser.name || null,
    os: os.name || null,
    is_bot: isBot,
    bot_reason: isBot ? `user-agent: ${match ?? 'bowser'}` : null,
  };
}

function deviceClass(type: string | undefined): DeviceClass {
  return type === 'desktop' || type === 'mobile' || type === 'tablet' || type === 'tv' ? type : 'other';
}
