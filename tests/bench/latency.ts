export interface Latency {
  p50: number;
  p99: number;
  p999: number;
}

/** Nearest-rank percentile of sorted values; NaN of none. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function latencyOf(milliseconds: number[]): Latency {
  const sorted = Float64Array.from(milliseconds).sort();
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), p999: percentile(sorted, 0.999) };
}

export const median = (values: number[]): number => percentile(Float64Array.from(values).sort(), 0.5);

export function formatLatency({ p50, p99, p999 }: Latency): string {
  return [p50, p99, p999].map((value) => value.toFixed(value < 10 ? 2 : 0)).join('/');
}
