import { isIPv4, isIPv6 } from 'node:net';

/** As WHATWG's URL writes a mapped IPv4, whatever way it was written. */
const MAPPED_IN_HEX = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/;
const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

const WITH_PORT = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,10})$/;

/**
 * An address as nginx reads one of X-Forwarded-For: `192.0.2.1:51234` and `[2001:db8::1]:443`, as a load balancer with
 * port preservation sends them, without the port; anything else as it is.
 */
export function withoutPort(address: string): string {
  const [, inBrackets, bare, port] = WITH_PORT.exec(address) ?? [];
  if (port === undefined || Number(port) > 65_535) return address;
  return inBrackets ?? bare ?? address;
}

/** An address as it is looked up: trimmed, without port and zone, IPv4 out of its IPv6 mapping. Null when it is none. */
export function normalizeIp(address: string | undefined): string | null {
  const ip = withoutPort((address ?? '').trim()).replace(/%.*$/, '');
  const mapped = MAPPED_IPV4.exec(ip)?.[1] ?? ip;
  if (isIPv4(mapped)) return mapped;
  if (!isIPv6(ip)) return null;
  return (/ffff:/i.test(ip) && mappedIpv4(ip)) || ip.toLowerCase();
}

function mappedIpv4(ip: string): string | undefined {
  const groups = MAPPED_IN_HEX.exec(URL.parse(`http://[${ip}]`)?.hostname ?? '');
  return groups
    ?.slice(1)
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 255])
    .join('.');
}

/**
 * The prefix that is kept of an address (as `normalizeIp` gives it): /24 of an IPv4, /48 of an IPv6. That is what one
 * site gets, so no household stands alone in it.
 */
export function ipPrefix(ip: string): string {
  if (isIPv4(ip)) return `${ip.slice(0, ip.lastIndexOf('.'))}.0/24`;
  return `${hextets(ip, 3).join(':')}::/48`;
}

/**
 * What is counted as one sender: a whole IPv4, the /64 of an IPv6, within which every device may take any address
 * (RFC 7421). Takes addresses as `normalizeIp` gives them.
 */
export function senderPrefix(ip: string): string {
  return isIPv4(ip) ? ip : `${hextets(ip, 4).join(':')}::/64`;
}

/** The first groups, `::` filled up; groups without leading zeros. */
function hextets(ip: string, count: number): string[] {
  const [left = '', right] = ip.split('::') as [string, string | undefined];
  const head = left === '' ? [] : left.split(':');
  const tail = right ? right.split(':') : [];
  // an IPv4 at the end stands for two groups
  const tailGroups = tail.length + (tail.at(-1)?.includes('.') ? 1 : 0);
  const groups =
    right === undefined
      ? head
      : [...head, ...Array<string>(Math.max(0, 8 - head.length - tailGroups)).fill('0'), ...tail];
  return groups.slice(0, count).map((group) => Number.parseInt(group, 16).toString(16));
}
