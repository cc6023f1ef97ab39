import t from 'tap';
import { areaOf, type CpuProfile, formatSelfTimes, selfTimes } from '../../bench/profile-table.ts';
import { floors } from '../../bench/resources.ts';

const ROOT = 'file:///somewhere';
const node = (id: number, functionName: string, url = '') => ({
  id,
  callFrame: { functionName, url, lineNumber: 9 },
});
const profile: CpuProfile = {
  nodes: [
    node(1, '(root)'),
    node(2, '(idle)'),
    node(3, 'serve', `${ROOT}/infra/local/gateway/router.ts`),
    node(4, 'serve', `${ROOT}/infra/local/gateway/router.ts`),
    node(5, '(garbage collector)'),
    node(6, 'writev'),
    node(7, 'post', 'node:inspector'),
  ],
  samples: [2, 3, 4, 5, 6, 7],
  timeDeltas: [5_000, 1_000, 2_000, 500, 1_500, 9_000],
};

t.test(
  'self time is that of the function a sample met, in whatever place of the stack it stood',
  async (t) => {
    const times = selfTimes(profile);
    t.same([times.busy, times.idle], [5, 5]);
    t.same(times.areas, [
      { name: 'infra/local/gateway/router.ts', ms: 3 },
      { name: '(V8 and system calls)', ms: 1.5 },
      { name: '(garbage collector)', ms: 0.5 },
    ]);
    t.same(times.functions[0], { name: 'serve infra/local/gateway/router.ts:10', ms: 3 });
    const table = formatSelfTimes('gateway', times, 10);
    t.match(table, 'Busy 50 % of 0.0 s; 500 µs a request.');
    t.match(table, '| `infra/local/gateway/router.ts` | 60.0 | 300.0 |');
  },
);

t.test('areas name a dependency, a module of Node, or a file of ours without where it lies', async (t) => {
  const cases: [url: string, name: string, area: string][] = [
    [`${ROOT}/node_modules/undici/lib/x.js`, 'f', 'undici'],
    [`${ROOT}/node_modules/a/node_modules/@b/c/d.js`, 'f', '@b/c'],
    ['node:internal/streams/writable', 'f', 'node:streams'],
    ['node:net', 'f', 'node:net'],
    ['/somewhere/dist/plugins/lambda-invoke.cjs', 'f', 'dist/plugins/lambda-invoke.cjs'],
    ['', '(program)', '(program)'],
    ['', 'write', '(V8 and system calls)'],
  ];
  for (const [url, name, area] of cases) t.equal(areaOf(url, name), area);
});

t.test('a leak lifts the floor, a peak does not', async (t) => {
  const samples = Array.from({ length: 60 }, (_, index) => ({
    leaking: { megabytes: 100 + index + (index % 5) * 10, descriptors: 7 },
    breathing: { megabytes: 50 + (index % 5) * 20, descriptors: 7 },
  }));
  t.same(
    floors(samples, ({ megabytes }) => megabytes),
    [
      { name: 'leaking', from: 125, to: 150 },
      { name: 'breathing', from: 50, to: 50 },
    ],
  );
});
