import Bowser from 'bowser';
import { isbotMatch } from 'isbot';
import { LRUCache } from 'lru-cache';
import { declaresBot, isAppLibrary, isWebView, libraryClass, librarySystem } from './app-library.ts';
import { browserName } from './browser.ts';
import { deviceClass } from './device-class.ts';
import type { EnrichedEvent } from './enriched-event.ts';

export type UserAgent = Pick<EnrichedEvent, 'device_class' | 'browser' | 'os' | 'is_bot' | 'bot_reason'>;

/** Agents seen by a site in a day are some thousands; a parse costs about 16 µs, a hit nothing. */
const CACHED_AGENTS = 10_000;
/** Longer ones are cut: nothing after this tells a browser apart. */
const MAX_LENGTH = 512;

const SYSTEMS: ReadonlySet<string> = new Set(Object.values(Bowser.OS_MAP as Record<string, string>));

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

/** The same for an event that names an app's platform: what merely is no browser is no bot there. */
export function appAgent(header: string | undefined): UserAgent {
  const agent = parseUserAgent(header);
  if (agent.is_bot && declaresBot(withoutLookalikes(header ?? ''))) return agent;
  const device_class = ['other', 'bot'].includes(agent.device_class) ? 'mobile' : agent.device_class;
  return { ...agent, device_class, is_bot: false, bot_reason: null };
}

/** Makers and models of devices whose names look like a bot's. */
const LOOKALIKES = /CUBOT|\bGoogle ?TV\b/gi;

function withoutLookalikes(header: string): string {
  return header.replace(LOOKALIKES, 'phone');
}

function parse(header: string): UserAgent {
  const agent = withoutLookalikes(header);
  const { browser, os, platform } = Bowser.parse(agent);
  const ofApp = isAppLibrary(agent);
  const match = ofApp || isWebView(agent) ? null : isbotMatch(agent);
  const isBot = match !== null || (platform.type === 'bot' && !ofApp);
  return {
    device_class: isBot ? 'bot' : deviceClass(header, ofApp ? libraryClass(agent) : platform.type),
    browser: ofApp ? 'other' : browserName(agent, browser.name),
    os: SYSTEMS.has(os.name ?? '') ? (os.name ?? null) : librarySystem(agent),
    is_bot: isBot,
    bot_reason: isBot ? `user-agent: ${match ?? 'bowser'}` : null,
  };
}
