import { DISABLED_TAG, ORIGIN_TAG, parseKeyTag } from '../../contracts/api-key.ts';
import type { DeckModel, DeckPlugin, DeckRoute } from './deck-model.ts';
import { lintSchemas } from './lint-schema.ts';

export interface Finding {
  line: number;
  rule: string;
  message: string;
}
type Report = (line: number, message: string) => void;

/** Plugins that Kong brings along; what is not among them runs in the plugin server. */
// biome-ignore format: a list
const BUNDLED = new Set([
  'acl', 'acme', 'aws-lambda', 'azure-functions', 'basic-auth', 'bot-detection', 'correlation-id', 'cors', 'datadog',
  'file-log', 'grpc-gateway', 'grpc-web', 'hmac-auth', 'http-log', 'ip-restriction', 'jwt', 'key-auth', 'ldap-auth',
  'loggly', 'oauth2', 'opentelemetry', 'post-function', 'pre-function', 'prometheus', 'proxy-cache', 'rate-limiting',
  'redirect', 'request-size-limiting', 'request-termination', 'request-transformer', 'response-ratelimiting',
  'response-transformer', 'session', 'standard-webhooks', 'statsd', 'syslog', 'tcp-log', 'udp-log', 'zipkin',
]);
const PROTOCOLS = ['grpc', 'grpcs', 'http', 'https'];
/** A pk or sk as contracts/api-key.ts makes them, wherever it stands. */
const RAW_KEY = /\b[ps]k_[a-z0-9-]{1,40}_[A-Za-z0-9_-]{27,64}/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const enabled = (plugins: DeckPlugin[], name: string) =>
  plugins.find((plugin) => plugin.name === name && plugin.value.enabled !== false);
const configOf = (plugin: DeckPlugin | undefined) => (plugin?.value.config ?? {}) as Record<string, unknown>;

/** A plugin that a request on this route meets: its own, its service's or a global one. */
const onRoute = (deck: DeckModel, route: DeckRoute, name: string) =>
  enabled(route.plugins, name) ?? enabled(route.service?.plugins ?? [], name) ?? enabled(deck.plugins, name);

/** Nothing runs on it: a plugin answers every request that there is nothing here, or nothing to say. */
const isDeadEnd = (deck: DeckModel, route: DeckRoute) =>
  [204, 404].includes(configOf(onRoute(deck, route, 'request-termination')).status_code as number) &&
  !onRoute(deck, route, 'lambda-invoke') &&
  !onRoute(deck, route, 'kinesis-forward');

const RULES: Record<string, (deck: DeckModel, report: Report) => void> = {
  'service-backstop'(deck, report) {
    for (const service of deck.services) {
      const { status_code: status } = configOf(enabled(service.plugins, 'request-termination'));
      if (typeof status !== 'number' || status < 400)
        report(
          service.line,
          `service ${service.name} has no backstop: a request-termination that answers 4xx or 5xx when no other plugin did`,
        );
    }
  },
  'service-host'(deck, report) {
    for (const { name, line, value } of deck.services)
      if (!/^https?:\/\/[a-z0-9.-]+\.invalid(?:[:/]|$)/.test(String(value.url ?? `http://${value.host}`)))
        report(
          line,
          `service ${name} could be proxied to: its host must end with .invalid, since plugins answer everything`,
        );
  },
  'route-auth'(deck, report) {
    for (const route of deck.routes)
      if (!isDeadEnd(deck, route) && !onRoute(deck, route, 'client-auth'))
        report(route.line, `route ${route.name} lets anyone in: it has no client-auth`);
  },
  'route-body-limit'(deck, report) {
    for (const route of deck.routes)
      if (!onRoute(deck, route, 'request-size-limiting'))
        report(route.line, `route ${route.name} takes bodies of any size: it has no request-size-limiting`);
  },
  'plugin-protocols'(deck, report) {
    for (const { name, line, value } of deck.allPlugins) {
      const given = Array.isArray(value.protocols) ? value.protocols : [];
      if (!BUNDLED.has(name) && !PROTOCOLS.every((protocol) => given.includes(protocol)))
        report(
          line,
          `plugin ${name} needs protocols: [${PROTOCOLS.join(', ')}], or decK finds a difference at every sync`,
        );
    }
  },
  schema: lintSchemas,
  'consumer-id'(deck, report) {
    for (const { name, line, value } of deck.consumers)
      if (typeof value.id !== 'string' || !UUID.test(value.id))
        report(line, `consumer ${name} has no id of its own: environments would not agree on it`);
  },
  'raw-key'(deck, report) {
    for (const [index, line] of deck.text.split('\n').entries())
      if (RAW_KEY.test(line))
        report(
          index + 1,
          'an API key stands here in clear; revoke it, and keep its digest only (npm run keys)',
        );
  },
  'key-tag'(deck, report) {
    for (const { name, tags } of deck.consumers)
      for (const { line, value } of tags)
        if (value.startsWith('key:') && !parseKeyTag(value))
          report(
            line,
            `a key tag of consumer ${name} is not well formed (key:<pk or sk>:<digest>:<date or ->)`,
          );
  },
  'duplicate-digest'(deck, report) {
    const holders = new Map<string, string>();
    for (const { name, tags } of deck.consumers)
      for (const { line, value } of tags) {
        const digest = parseKeyTag(value)?.digest;
        if (digest === undefined) continue;
        const holder = holders.get(digest);
        if (holder !== undefined) report(line, `the same key digest stands under ${holder} and ${name}`);
        else holders.set(digest, name);
      }
  },
  'pk-origins'(deck, report) {
    for (const { name, line, tags } of deck.consumers) {
      const has = (test: (tag: string) => boolean) => tags.some(({ value }) => test(value));
      const usable = has((tag) => parseKeyTag(tag)?.kind === 'pk') && !has((tag) => tag === DISABLED_TAG);
      if (usable && !has((tag) => tag.startsWith(ORIGIN_TAG)))
        report(
          line,
          `consumer ${name} has a pk and no origin: no web page may use it (npm run clients -- origins)`,
        );
    }
  },
  'sk-rate-limit'(deck, report) {
    for (const route of deck.routes)
      if (
        configOf(onRoute(deck, route, 'client-auth')).kind === 'sk' &&
        !onRoute(deck, route, 'rate-limiting')
      )
        report(route.line, `route ${route.name} takes an sk without rate-limiting`);
  },
};

export const RULE_NAMES = Object.keys(RULES);

/** What our rules find, by line. */
export function lintDeck(deck: DeckModel): Finding[] {
  const findings = Object.entries(RULES).flatMap(([rule, check]) => {
    const found: Finding[] = [];
    check(deck, (line, message) => found.push({ line, rule, message }));
    return found;
  });
  return findings.sort((a, b) => a.line - b.line);
}
