import { percentile } from './latency.ts';
import type { Second } from './surge-client.ts';
import type { Depth } from './surge-day.ts';

const WIDTH = 960;
const LEFT = 64;
const RIGHT = 24;
const PANEL_HEIGHT = 190;
const SMALL_HEIGHT = 110;
const TOP = 34;
const GAP = 52;

interface Series {
  name: string;
  /** of the style sheet below */
  look: string;
  /** one value a second; NaN: nothing to show */
  values: number[];
}

interface Panel {
  title: string;
  height: number;
  series: Series[];
  /** a level to compare with */
  level?: { name: string; value: number };
}

/** Legible on white and on black: a picture that is embedded knows the reader's scheme, not the page's. */
const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; font-size: 13px; }
  .grid { stroke: #8c959f; stroke-opacity: .3; stroke-width: 1; }
  .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
  .offered { stroke: #6e7781; stroke-dasharray: 5 3; }
  .answered { stroke: #0969da; }
  .shed { stroke: #cf222e; }
  .p50 { stroke: #1a7f37; }
  .p99 { stroke: #9a6700; }
  .queue { stroke: #8250df; }
  .level { stroke: #24292f; stroke-opacity: .6; stroke-dasharray: 2 4; fill: none; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .offered { stroke: #9198a1; }
    .answered { stroke: #4493f8; }
    .shed { stroke: #ff7b72; }
    .p50 { stroke: #56d364; }
    .p99 { stroke: #e3b341; }
    .queue { stroke: #bc8cff; }
    .level { stroke: #e6edf3; }
  }`;

/** The surge over time: rates above, waiting times and what is under way below, on one axis of seconds. */
export function drawSurge(seconds: Second[], depths: Depth[], sustained: number): string {
  const share = (part: number) =>
    seconds.map(({ milliseconds }) => percentile(Float64Array.from(milliseconds).sort(), part) / 1_000);
  const panels: Panel[] = [
    {
      title: 'registrations per second',
      height: PANEL_HEIGHT,
      series: [
        { name: 'offered', look: 'offered', values: seconds.map(({ offered }) => offered) },
        { name: 'answered 2xx', look: 'answered', values: seconds.map(({ answered }) => answered) },
        { name: 'shed (503, 429)', look: 'shed', values: seconds.map(({ shed }) => shed) },
      ],
      level: { name: `sustained ${sustained.toFixed(0)}/s`, value: sustained },
    },
    {
      title: 'seconds from due to 2xx, retries included',
      height: PANEL_HEIGHT,
      series: [
        { name: 'p99', look: 'p99', values: share(0.99) },
        { name: 'p50', look: 'p50', values: share(0.5) },
      ],
    },
    {
      title: 'registrations under way',
      height: SMALL_HEIGHT,
      series: [
        { name: 'unanswered', look: 'offered', values: seconds.map(({ open }) => open) },
        {
          name: 'in the queue',
          look: 'queue',
          values: seconds.map((_, second) => depths[second]?.queue ?? Number.NaN),
        },
      ],
    },
  ];
  let top = TOP;
  const drawn = panels.map((panel) => {
    const text = drawPanel(panel, top, seconds.length);
    top += panel.height + GAP;
    return text;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" role="img" aria-label="A surge: registrations offered, answered and shed, and how long they took, second by second">`,
    `<style>${STYLE}\n</style>`,
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function drawPanel({ title, height, series, level }: Panel, top: number, count: number): string {
  const known = series.flatMap(({ values }) => values).filter((value) => Number.isFinite(value));
  const ticks = niceTicks(Math.max(level?.value ?? 0, ...known));
  const max = ticks.at(-1) as number;
  const x = (second: number) => LEFT + (second / Math.max(1, count - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => top + height - (value / max) * height;
  const lines = [`<text class="title" x="${LEFT}" y="${top - 12}">${title}</text>`];
  for (const tick of ticks)
    lines.push(
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(y(tick))}" y2="${at(y(tick))}"/>`,
      `<text x="${LEFT - 8}" y="${at(y(tick) + 4)}" text-anchor="end">${tick}</text>`,
    );
  for (let second = 0; second < count; second += 20)
    lines.push(`<text x="${at(x(second))}" y="${top + height + 16}" text-anchor="middle">${second} s</text>`);
  if (level)
    lines.push(
      `<line class="level" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(y(level.value))}" y2="${at(y(level.value))}"/>`,
      `<text x="${LEFT + 6}" y="${at(y(level.value) - 5)}">${level.name}</text>`,
    );
  for (const { look, values } of series)
    for (const run of runsOf(values))
      lines.push(
        `<polyline class="line ${look}" points="${run.map(([second, value]) => `${at(x(second))},${at(y(value))}`).join(' ')}"/>`,
      );
  return [...lines, ...legend(series, top - 16)].join('\n');
}

/** From the right: the title has the left. */
function legend(series: Series[], y: number): string[] {
  const step = 135;
  return series.flatMap(({ name, look }, index) => {
    const x = WIDTH - RIGHT - (series.length - index) * step;
    return [
      `<line class="line ${look}" x1="${x}" x2="${x + 24}" y1="${y}" y2="${y}"/>`,
      `<text x="${x + 30}" y="${y + 4}">${name}</text>`,
    ];
  });
}

/** Neighbours that are known: a line does not cross a second of which nothing is known. */
function runsOf(values: number[]): [number, number][][] {
  const runs: [number, number][][] = [];
  let open: [number, number][] | undefined;
  for (const [second, value] of values.entries()) {
    if (!Number.isFinite(value)) {
      open = undefined;
      continue;
    }
    if (open) open.push([second, value]);
    else {
      open = [[second, value]];
      runs.push(open);
    }
  }
  return runs;
}

/** Four or five round steps from 0 to at least `max`. */
export function niceTicks(max: number): number[] {
  const rough = Math.max(max, 1e-3) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const steps = Math.ceil(max / step) || 1;
  return Array.from({ length: steps + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}

const at = (value: number): string => String(Math.round(value * 10) / 10);
