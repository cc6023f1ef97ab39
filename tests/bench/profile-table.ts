/** A CPU profile as V8's inspector gives it (Chrome DevTools Protocol, Profiler.Profile). */
export interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  /** microseconds from a sample to the one after it */
  timeDeltas: number[];
}

export interface Share {
  name: string;
  ms: number;
}

export interface SelfTimes {
  /** milliseconds; what the process idled is left out */
  busy: number;
  idle: number;
  areas: Share[];
  functions: Share[];
}

/** What the profiling itself takes: its start, and V8's reading of the stacks. */
const PROFILER = 'node:inspector';

/** Time in which each function, and each area of the code, was itself at work; the most first. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): SelfTimes {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const areas = new Map<string, number>();
  const functions = new Map<string, number>();
  let [busy, idle] = [0, 0];
  samples.forEach((id, index) => {
    const { functionName, url, lineNumber } = frames.get(id) ?? { functionName: '', url: '', lineNumber: 0 };
    const ms = (timeDeltas[index] ?? 0) / 1_000;
    if (functionName === '(idle)') {
      idle += ms;
      return;
    }
    const area = areaOf(url, functionName);
    if (area === PROFILER) return;
    busy += ms;
    const name = `${functionName || '(anonymous)'} ${area}${url.startsWith('file:') ? `:${lineNumber + 1}` : ''}`;
    areas.set(area, (areas.get(area) ?? 0) + ms);
    functions.set(name, (functions.get(name) ?? 0) + ms);
  });
  const sorted = (shares: Map<string, number>): Share[] =>
    [...shares].map(([name, ms]) => ({ name, ms })).sort((a, b) => b.ms - a.ms);
  return { busy, idle, areas: sorted(areas), functions: sorted(functions) };
}

/** `infra/local/gateway/router.ts`, `undici`, `node:net`, `(garbage collector)`. */
export function areaOf(url: string, functionName: string): string {
  if (url === '') return functionName.startsWith('(') ? functionName : '(V8 and system calls)';
  if (url.startsWith('node:')) return `node:${url.slice(5).replace('internal/', '').split('/')[0]}`;
  const [, dependency] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  if (dependency) return dependency;
  return /\/((?:infra|kong|plugins|stream|contracts|dist|tests)\/.*)$/.exec(url)?.[1] ?? url;
}

/** Tables in Markdown: `requests` were answered meanwhile. */
export function formatSelfTimes(title: string, times: SelfTimes, requests: number): string {
  const { busy, idle, areas, functions } = times;
  const table = (what: string, shares: Share[], most: number) => [
    `| ${what} | % of its CPU time | µs a request |`,
    '|---|---|---|',
    ...shares
      .slice(0, most)
      .map(
        ({ name, ms }) =>
          `| \`${name}\` | ${((ms / busy) * 100).toFixed(1)} | ${((ms * 1_000) / requests).toFixed(1)} |`,
      ),
    '',
  ];
  return [
    `## ${title}`,
    '',
    `Busy ${((busy / (busy + idle)) * 100).toFixed(0)} % of ${((busy + idle) / 1_000).toFixed(1)} s; ${((busy * 1_000) / requests).toFixed(0)} µs a request.`,
    '',
    ...table('area', areas, 20),
    ...table('function', functions, 20),
  ].join('\n');
}
