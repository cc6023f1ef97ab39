import t from 'tap';
import { ipPrefix, normalizeIp } from '../../../contracts/ip-address.ts';
import { decodeRecord } from '../../../storm/decode/decode-record.ts';
import { enrich } from '../../../storm/enrich/enrich.ts';
import { pageOf } from '../../../storm/enrich/page.ts';
import { toRawRecord } from '../../../storm/spout/record-batch.ts';
import { stamped } from '../../support/events.ts';

t.test('an IPv4 is looked up as one, however its IPv6 mapping is written', async (t) => {
  for (const ip of ['::ffff:808:808', '::FFFF:0808:0808', '0:0:0:0:0:ffff:808:808', '::ffff:8.8.8.8'])
    t.equal(normalizeIp(ip), '8.8.8.8', ip);
  t.equal(ipPrefix(normalizeIp('::ffff:808:808') ?? ''), '8.8.8.0/24');
  for (const ip of ['2001:db8:ffff::1', '::1', 'fe80::ffff:808:808']) t.equal(normalizeIp(ip), ip);
});

t.test('a port behind an address is none of it, as for nginx', async (t) => {
  t.equal(normalizeIp('8.8.8.8:51234'), '8.8.8.8');
  t.equal(normalizeIp('[2001:db8::1]:443'), '2001:db8::1');
  t.equal(normalizeIp('[::ffff:808:808]:443'), '8.8.8.8');
  for (const none of [
    '8.8.8.8:',
    '8.8.8.8:70000',
    '8.8.8.8:x',
    '[2001:db8::1]',
    '[2001:db8::1]:',
    '2001:db8::1:99999',
  ])
    t.equal(normalizeIp(none), null, none);
});

t.test('a user id that is a number is kept, as text', async (t) => {
  const userOf = (userId: unknown) =>
    enrich({ event: stamped({ subject: undefined, data: { userId } }), day: '2026-01-01' }, () => null)
      .user_id;
  t.equal(userOf(4711), '4711');
  t.equal(userOf(0), '0');
  t.equal(userOf('u1'), 'u1');
  for (const other of [2 ** 60, 1.5, true, null, {}, '']) t.equal(userOf(other), null);
});

t.test('a path and a campaign are cut between characters', async (t) => {
  for (const letter of ['ж', '日', '😀', 'a']) {
    const url = `https://www.example.com/${letter.repeat(400)}?utm_source=a${letter.repeat(400)}`;
    const { page_path, utm_source } = pageOf({ page: { url } });
    t.equal(decodeURI(page_path ?? ''), `/${letter.repeat(299)}`);
    t.equal(utm_source, `a${letter.repeat(299)}`);
  }
  t.equal(pageOf({ page: { url: 'https://www.example.com/%zz%C3' } }).page_path, '/%zz%C3');
});

t.test('a record in UTF-16 leaves no address behind', async (t) => {
  const text = JSON.stringify([stamped({ clientip: '81.2.69.142' })]);
  const little = Buffer.from(`\ufeff${text}`, 'utf16le');
  for (const bytes of [little, Buffer.from(little).swap16()]) {
    const { rejected } = decodeRecord(toRawRecord('shardId-000000000000', '1', bytes));
    t.equal(rejected.length, 1);
    const kept = Buffer.from(rejected[0]?.payload ?? '', 'base64')
      .toString('latin1')
      .replaceAll('\0', '');
    t.match(kept, 'specversion');
    t.notMatch(kept, '81.2.69.142');
  }
});
