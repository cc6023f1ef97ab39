import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { reportText } from '../../../analytics/report-text.ts';

const SCRIPT = join(import.meta.dirname, '../../../infra/operate/report.ts');
const range = { from: new Date('2026-01-01T00:00:00Z'), to: new Date('2026-01-02T00:00:00Z') };

/** Runs the command with nothing but `env`. */
function run(cwd: string, env: Record<string, string>, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], {
    cwd,
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

t.test('text: aligned tables with the attribution, one line when there is nothing', async (t) => {
  const figure = (group: string, registrations: number, bots = 0) => ({
    client: 'demo',
    group,
    registrations,
    bots,
  });
  const registrations = {
    property: [figure('www', 12, 1), figure('app', 3)],
    hour: [figure('2026-01-01T00:00Z', 15, 1)],
    country: [figure('DE', 15, 1)],
    device: [figure('mobile', 15, 1)],
  };
  const text = reportText(range, { registrations, freshness: { events: 40, p50_ms: 361, p95_ms: 1_204 } });
  t.match(text, /: 15, of them by bots 1\n/);
  t.match(text, /^demo {4}www {9}\s+12 {5}1$/m);
  t.match(text, /p50 0\.36 s, p95 1\.20 s, over 40 events$/m);
  const freshness = { events: 0, p50_ms: null, p95_ms: null };
  t.notMatch(reportText(range, { registrations, freshness }), /p95/, 'of older events nothing is known');
  t.match(text, /IP Geolocation by DB-IP \(https:\/\/db-ip\.com\)/);
  const empty = { property: [], hour: [], country: [], device: [] };
  t.equal(
    reportText({ ...range, client: 'demo' }, { registrations: empty, freshness }),
    'No registrations from 2026-01-01T00:00:00.000Z to 2026-01-02T00:00:00.000Z, client demo.\n',
  );
});

t.test('what goes wrong is one sentence without a stack trace', async (t) => {
  const dir = t.testdir();
  const PISTATS_RUN = join(dir, 'none.json');
  const cases: [Record<string, string>, string[], number, RegExp][] = [
    [{ PISTATS_RUN }, [], 2, /^pistats: nothing tells where to work: set ANALYTICS_URL, .* \[no_target\]\n$/],
    [
      { ANALYTICS_URL: 'postgres://127.0.0.1:1/x' },
      [],
      3,
      /^pistats: working on analytics 127\.0\.0\.1:1\/x\.\npistats: the analytics database: nothing answers there \(ECONNREFUSED\).* \[database_unreachable\]\n$/,
    ],
    [
      { ANALYTICS_URL: 'postgres://127.0.0.1:1/x' },
      ['--from', '2026-01-02', '--to', '2026-01-01'],
      2,
      /^pistats: --from must lie before --to\. \[usage\]\n$/,
    ],
    [{}, ['--from', 'monday'], 2, /Give a date/],
  ];
  for (const [env, args, code, message] of cases) {
    const { status, stdout, stderr } = run(dir, env, ...args);
    t.equal(status, code);
    t.equal(stdout, '');
    t.match(stderr, message);
  }
});
