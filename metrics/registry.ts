import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The three plugins are three bundles in one process: what they count must meet in one registry. */
const KEY = Symbol.for('pistats.metrics');
const holder = globalThis as { [KEY]?: Registry };
holder[KEY] ??= new Registry();
export const registry: Registry = holder[KEY];

function existing<T>(name: string, create: () => T): T {
  return (registry.getSingleMetric(name) as T | undefined) ?? create();
}

export function counter(name: string, help: string, labelNames: string[] = []): Counter {
  return existing(name, () => new Counter({ name, help, labelNames, registers: [registry] }));
}

/** `collect`: sets the gauge when it is read. */
export function gauge(
  name: string,
  help: string,
  labelNames: string[] = [],
  collect?: (this: Gauge) => void,
): Gauge {
  return existing(name, () => new Gauge({ name, help, labelNames, collect, registers: [registry] }));
}

export function histogram(name: string, help: string, labelNames: string[], buckets: number[]): Histogram {
  return existing(name, () => new Histogram({ name, help, labelNames, buckets, registers: [registry] }));
}
