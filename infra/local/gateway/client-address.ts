import { BlockList, isIP } from 'node:net';
import { withoutPort } from '../../../contracts/ip-address.ts';
import { firstHeader, type RequestHeaders } from './request-headers.ts';

export type IsTrusted = (ip: string) => boolean;

/**
 * Kong's `trusted_ips`: addresses and CIDR blocks whose X-Forwarded-* headers are believed.
 * @throws TypeError naming the entry that is neither
 */
export function trustedIps(entries: string[]): IsTrusted {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address);
    const bits = prefix === undefined ? undefined : Number(prefix);
    const highest = family === 6 ? 128 : 32;
    if (family === 0 || (bits !== undefined && !(Number.isInteger(bits) && bits >= 0 && bits <= highest)))
      throw new TypeError(`'${entry}' is neither an IP address nor a CIDR block`);
    const type = family === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, type);
    else list.addSubnet(address, bits, type);
  }
  return (ip) => isIP(ip) !== 0 && list.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Who sent the request, as Kong has it with `real_ip_header = X-Forwarded-For` and `real_ip_recursive = on`: from
 * the right, the first address that is not trusted; the peer's own address when the peer is not trusted.
 * A port behind an address is none of it.
 */
export function forwardedIp(peer: string, headers: RequestHeaders, isTrusted: IsTrusted): string {
  if (!isTrusted(peer)) return peer;
  const hops = (headers.get('x-forwarded-for') ?? []).join(',').split(',');
  let client = peer;
  for (const hop of hops.reverse()) {
    const address = withoutPort(hop.trim());
    if (isIP(address) === 0) return client;
    client = address;
    if (!isTrusted(address)) return client;
  }
  return client;
}

/** X-Forwarded-Proto of a trusted peer; everybody else speaks http here. */
export function forwardedScheme(peer: string, headers: RequestHeaders, isTrusted: IsTrusted): string {
  const claimed = isTrusted(peer) ? firstHeader(headers, 'x-forwarded-proto') : undefined;
  return claimed?.toLowerCase() ?? 'http';
}
