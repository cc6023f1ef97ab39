import t from 'tap';
import { forwardedIp, trustedIps } from '../../../infra/local/gateway/client-address.ts';

const isTrusted = trustedIps(['10.0.0.0/8', '2001:db8:1::/48']);
const clientOf = (...forwarded: string[]) =>
  forwardedIp('10.0.0.1', new Map([['x-forwarded-for', forwarded]]), isTrusted);

t.test('from the right, the first address that is not trusted', async (t) => {
  t.equal(clientOf('192.0.2.1, 8.8.8.8, 10.0.0.2'), '8.8.8.8');
  t.equal(clientOf('8.8.8.8', '10.0.0.2'), '8.8.8.8');
  t.equal(clientOf('rubbish, 10.0.0.2'), '10.0.0.2');
  t.equal(clientOf(), '10.0.0.1');
  t.equal(forwardedIp('8.8.4.4', new Map([['x-forwarded-for', ['8.8.8.8']]]), isTrusted), '8.8.4.4');
});

t.test('a load balancer that preserves ports', async (t) => {
  t.equal(clientOf('8.8.8.8:51234'), '8.8.8.8');
  t.equal(clientOf('[2001:db8::1]:443'), '2001:db8::1');
  t.equal(clientOf('8.8.8.8:51234, 10.0.0.2:443, [2001:db8:1::7]:443'), '8.8.8.8');
  t.equal(clientOf('2001:db8::1'), '2001:db8::1');
  for (const none of ['8.8.8.8:', '8.8.8.8:70000', '[2001:db8::1]', '[2001:db8::1]:x'])
    t.equal(clientOf(none), '10.0.0.1', none);
});
