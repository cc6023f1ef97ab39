import t from 'tap';
import { parseTime } from '../../../infra/operate/parse-time.ts';

t.test('days and times with a zone', async (t) => {
  for (const [text, time] of [
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['2026-01-31T20:00Z', '2026-01-31T20:00:00.000Z'],
    ['2026-01-31T20:00:59.25Z', '2026-01-31T20:00:59.250Z'],
    ['2026-01-31T23:30:00+01:00', '2026-01-31T22:30:00.000Z'],
    ['2026-01-31T23:30-05:30', '2026-02-01T05:00:00.000Z'],
  ] as const)
    t.equal(parseTime(text).toISOString(), time, text);
});

t.test('what is another time in each shell, or none at all, is refused with what is accepted', async (t) => {
  for (const text of [
    '2026-01-31T20:00',
    '2026-01-31 20:00:00Z',
    '2026-01-31T20Z',
    '20260131',
    'yesterday',
    '',
    ' 2026-01-31',
  ])
    t.throws(() => parseTime(text), /^Give a date \(2026-01-31, .*2026-01-31T20:00Z/, text);
  for (const text of [
    '2026-02-30',
    '2026-02-29',
    '2026-00-10',
    '2026-13-01',
    '2026-04-31T10:00Z',
    '2026-01-31T24:00Z',
    '2026-01-31T10:60Z',
    '2026-06-30T23:59:60Z',
    '2026-01-31T10:00+24:00',
  ])
    t.throws(() => parseTime(text), /^There is no such day or time\. Give a date/, text);
});
