import type { Route } from './config-types.ts';
import { firstHeader, type RequestHeaders } from './request-headers.ts';

/** What a route is matched on. */
export interface RouteRequest {
  method: string;
  /** without port, lower case */
  host: string;
  port: number;
  /** normalised */
  path: string;
  headers: RequestHeaders;
}

interface Matcher {
  route: Route;
  priority: bigint;
  /** paths of one kind and, for prefixes, one length */
  paths?: { text: string; regex?: RegExp }[];
}

/**
 * The 64 bits by which Kong's `traditional_compatible` router orders routes (kong/router/transform.lua,
 * get_priority): how many attributes a route has, plain hosts only, how many headers, a regex path, its
 * regex_priority, and the length of a prefix.
 */
function priorityOf(route: Route, paths: string[] | undefined): bigint {
  const headerCount = Object.keys(route.headers ?? {}).length;
  const attributes = [route.methods?.length, route.hosts?.length, headerCount, paths?.length];
  const weight = attributes.filter((count) => count).length;
  const plainHosts = route.hosts?.length && !route.hosts.some((host) => host.includes('*'));
  const isRegex = paths?.[0]?.startsWith('~') ?? false;
  return (
    (BigInt(weight) << 61n) |
    (plainHosts ? 1n << 60n : 0n) |
    (BigInt(Math.min(headerCount, 255)) << 52n) |
    (isRegex ? (1n << 51n) | (BigInt(route.regex_priority) << 19n) : 0n) |
    BigInt(isRegex ? 0 : (paths?.[0]?.length ?? 0) & 0x7ffff)
  );
}

/** Kong splits a route whose paths are of several kinds, so that each part has one priority. */
function groupPaths(paths: string[]): string[][] {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const kind = path.startsWith('~') ? 'regex' : `${path.length}`;
    groups.set(kind, [...(groups.get(kind) ?? []), path]);
  }
  return [...groups.values()];
}

function hostMatches(pattern: string, { host, port }: RouteRequest): boolean {
  const [, name = '', asked] = /^(.*?)(?::(\d+))?$/.exec(pattern) ?? [];
  if (asked !== undefined && Number(asked) !== port) return false;
  if (name.startsWith('*')) return host.endsWith(name.slice(1));
  if (name.endsWith('*')) return host.startsWith(name.slice(0, -1));
  return host === name;
}

function headerMatches(values: string[], header: string, request: RouteRequest): boolean {
  const sent = (request.headers.get(header.toLowerCase()) ?? []).map((value) => value.toLowerCase());
  return values.some((value) =>
    value.startsWith('~*')
      ? sent.some((item) => new RegExp(value.slice(2).toLowerCase()).test(item))
      : sent.includes(value.toLowerCase()),
  );
}

const pathMatches = ({ paths }: Matcher, path: string): boolean =>
  paths?.some(({ text, regex }) => (regex ? regex.test(path) : path.startsWith(text))) ?? true;

/** @returns a function that finds the route of a request, the highest priority first */
export function createRouter(routes: Route[]): (request: RouteRequest) => Route | undefined {
  const matchers: Matcher[] = routes.flatMap((route): Matcher[] => {
    if (!route.paths?.length) return [{ route, priority: priorityOf(route, undefined) }];
    return groupPaths(route.paths).map((group) => ({
      route,
      priority: priorityOf(route, group),
      paths: group.map((text) =>
        text.startsWith('~') ? { text, regex: new RegExp(`^${text.slice(1)}`) } : { text },
      ),
    }));
  });
  // equal priorities: Kong's router goes by the route's id, the highest first
  matchers.sort((a, b) => {
    if (a.priority !== b.priority) return a.priority < b.priority ? 1 : -1;
    return a.route.id < b.route.id ? 1 : -1;
  });

  return (request) => {
    for (const matcher of matchers) {
      const { route } = matcher;
      if (route.methods?.length && !route.methods.includes(request.method)) continue;
      if (route.hosts?.length && !route.hosts.some((host) => hostMatches(host, request))) continue;
      const headers = Object.entries(route.headers ?? {});
      if (!headers.every(([name, values]) => headerMatches(values, name, request))) continue;
      if (pathMatches(matcher, request.path)) return route;
    }
    return undefined;
  };
}

/** Host and port of a request; the port is the listener's when the client names none. */
export function requestHost(headers: RequestHeaders, listenerPort: number): { host: string; port: number } {
  const value = firstHeader(headers, 'host') ?? '';
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(value);
  return {
    host: (match?.[1] ?? value).toLowerCase(),
    port: match?.[2] ? Number(match[2]) : listenerPort,
  };
}
