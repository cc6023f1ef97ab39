import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { cpuSeconds, cpuSince, formatCpu } from '../../bench/cpu.ts';
import { latencyOf, percentile } from '../../bench/latency.ts';
import { type LoadPlan, runLoad } from '../../bench/load.ts';
import { barRow, figureRow, formatRows } from '../../bench/rows.ts';

t.test('a bar is held up to its very value, and a figure that could not be measured is not', async (t) => {
  const cases: [number, { atMost: number } | { atLeast: number }, boolean][] = [
    [7, { atMost: 7 }, true],
    [7.01, { atMost: 7 }, false],
    [3, { atLeast: 3 }, true],
    [2.99, { atLeast: 3 }, false],
    [Number.NaN, { atLeast: 3 }, false],
    [Number.NaN, { atMost: 7 }, false],
  ];
  for (const [value, bar, held] of cases)
    t.equal(barRow('x', value, '', bar, '').held, held, `${value} against ${JSON.stringify(bar)}`);
});

t.test('the table shows what is short, and the columns stand below each other', async (t) => {
  const table = formatRows([
    barRow('first', 2, '×', { atLeast: 3 }, 'why'),
    figureRow('the second', 1234.5, '/s', 'more'),
  ]);
  t.same(table.split('\n'), [
    '       what        value    bar  detail',
    'SHORT  first       2 ×      ≥ 3  why',
    '       the second  1230 /s       more',
  ]);
});

t.test('percentiles are nearest ranks', async (t) => {
  const thousand = Array.from({ length: 1_000 }, (_, index) => 1_000 - index);
  t.same(latencyOf(thousand), { p50: 500, p99: 990, p999: 999 });
  t.same(latencyOf([5]), { p50: 5, p99: 5, p999: 5 });
  t.ok(Number.isNaN(percentile([], 0.5)));
});

t.test(
  'CPU is counted for a process and its descendants',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const burn = 'const end = performance.now() + 300; while (performance.now() < end);';
    const run = `require('child_process').execFileSync(process.execPath, ['-e', ${JSON.stringify(`${burn}console.log('x'); setInterval(() => {}, 1000)`)}], { stdio: ['ignore', 'inherit', 'ignore'] })`;
    const child = spawn(process.execPath, ['-e', run], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    t.teardown(() => process.kill(-(child.pid as number), 'SIGKILL'));
    const before = cpuSeconds({ busy: child.pid as number });
    await once(child.stdout, 'data');
    const used = cpuSince(before, cpuSeconds({ busy: child.pid as number }));
    // the machine may be busy: CPU time, not the clock, is what counts, and there it was not alone
    t.ok((used.busy ?? 0) > 0.02, `${used.busy} s`);
    t.equal(formatCpu({ gateway: 0.5, functions: 1, idle: 0 }, 1_000), 'functions 1.00, gateway 0.50');
  },
);

t.test('the load generator repeats nothing, and counts every code', async (t) => {
  const codes = [201, 503, 429, 201];
  const seen: { body: string; key: unknown; sender: unknown }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({ body, key: request.headers['x-api-key'], sender: request.headers['x-forwarded-for'] });
    const code = codes[(seen.length - 1) % codes.length] as number;
    response.writeHead(code, { 'retry-after': '60' }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const plan: LoadPlan = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    method: 'POST',
    headers: {},
    keys: ['a', 'b'],
    connections: 1,
    seconds: 1,
    registrations: { prefix: 'some-device' },
  };
  const closed = await runLoad(plan);
  t.equal(closed.sent, seen.length);
  t.equal(closed.milliseconds.length, closed.codes[201], 'only 2xx are timed');
  t.same(Object.keys(closed.codes).sort(), ['201', '429', '503']);
  t.equal(new Set(seen.map(({ body }) => JSON.parse(body).device.installationId)).size, seen.length);
  t.same(
    seen.slice(0, 3).map(({ key }) => key),
    ['a', 'b', 'a'],
  );
  t.ok(new Set(seen.map(({ sender }) => sender)).size > 1, 'senders differ');

  const paced = await runLoad({ ...plan, rate: 10 });
  t.equal(paced.sent, 10, 'at a rate, the number follows from the time alone');

  server.close();
  server.closeAllConnections();
  const gone = await runLoad({ ...plan, rate: 4 });
  t.same(gone.codes, { 0: gone.sent }, 'nobody there: counted, not thrown');
});
