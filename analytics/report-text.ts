import { DIMENSIONS, type Figure, type Freshness, type Report, type ReportRange } from './registrations.ts';

/** Wanted by the licence of the country database (CC BY 4.0) wherever its results are shown. */
export const ATTRIBUTION = 'IP Geolocation by DB-IP (https://db-ip.com)';

/** The report for a terminal. */
export function reportText(range: ReportRange, { registrations, freshness }: Report): string {
  const span = `${range.from.toISOString()} to ${range.to.toISOString()}${range.client ? `, client ${range.client}` : ''}`;
  const total = sum(registrations.property);
  if (total.registrations === 0) return `No registrations from ${span}.\n`;
  const sections = DIMENSIONS.map((dimension) => table(dimension, registrations[dimension]));
  const head = `Registrations from ${span}: ${total.registrations}, of them by bots ${total.bots}`;
  return `${[head, ...sections, freshnessLine(freshness), ATTRIBUTION].filter(Boolean).join('\n\n')}\n`;
}

function freshnessLine({ events, p50_ms, p95_ms }: Freshness): string {
  if (p50_ms === null || p95_ms === null) return '';
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`;
  return `Stored after it was accepted (just before it was made durable): p50 ${seconds(p50_ms)}, p95 ${seconds(p95_ms)}, over ${events} events`;
}

function table(dimension: string, figures: Figure[]): string {
  const rows = [
    ['client', dimension, 'registrations', 'bots'],
    ...figures.map(({ client, group, registrations, bots }) => [
      client,
      group,
      String(registrations),
      String(bots),
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}

function sum(figures: Figure[]): { registrations: number; bots: number } {
  return {
    registrations: figures.reduce((total, figure) => total + figure.registrations, 0),
    bots: figures.reduce((total, figure) => total + figure.bots, 0),
  };
}
