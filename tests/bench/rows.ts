/** One measured figure; with a bar where DESIGN holds the system to one. */
export interface Row {
  name: string;
  value: number;
  unit: string;
  /** `≤ 7`; null: a figure that explains others */
  bar: string | null;
  held: boolean | null;
  detail: string;
}

type Held = { atMost: number } | { atLeast: number };

/** A figure that is held to a bar. What could not be measured (NaN) is not held. */
export function barRow(name: string, value: number, unit: string, held: Held, detail: string): Row {
  const most = 'atMost' in held;
  return {
    name,
    value: round(value),
    unit,
    bar: most ? `≤ ${held.atMost}` : `≥ ${held.atLeast}`,
    held: most ? value <= held.atMost : value >= held.atLeast,
    detail,
  };
}

export function figureRow(name: string, value: number, unit: string, detail: string): Row {
  return { name, value: round(value), unit, bar: null, held: null, detail };
}

/** Three significant digits are more than a shared machine gives. */
export function round(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(3)) : value;
}

export function formatRows(rows: Row[]): string {
  const cells = rows.map(({ name, value, unit, bar, held, detail }) => [
    held === null ? '' : held ? 'held' : 'SHORT',
    name,
    `${value} ${unit}`.trim(),
    bar ?? '',
    detail,
  ]);
  const table = [['', 'what', 'value', 'bar', 'detail'], ...cells];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((line) => (line[column] ?? '').length)));
  return table
    .map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}
