import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RequestContext } from './context.ts';
import type { Plugin } from './plugin.ts';

/** Bucket bounds of Kong's prometheus plugin (exporter.lua), milliseconds. */
const KONG_BUCKETS = [1, 2, 5, 7, 10, 15, 20, 30, 50, 75, 100, 200, 500, 750, 1000, 3000, 6000];
const REQUEST_BUCKETS = [25, 50, 80, 100, 250, 400, 700, 1000, 2000, 5000, 10_000, 30_000, 60_000];

export interface GatewayMetrics {
  registry: Registry;
  plugin: Plugin;
  connections: Gauge;
  requests: Counter;
  pluginErrors: Counter<'plugin'>;
  /** Called once a response has been sent. */
  observe(ctx: RequestContext, status: number, timings: Timings): void;
}

/** Milliseconds, and bytes of the bodies. */
export interface Timings {
  total: number;
  received: number;
  sent: number;
}

const off = { type: 'boolean', default: false } as const;

/** The families of Kong's prometheus plugin; those about requests only where the plugin's config asks for them. */
export function createMetrics(): GatewayMetrics {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ['service', 'route'] as const;
  const statuses = new Counter({
    name: 'kong_http_requests_total',
    help: 'HTTP status codes per consumer/service/route in Kong',
    labelNames: [...labelNames, 'code', 'source', 'consumer'] as const,
    registers,
  });
  const latency = new Histogram({
    name: 'kong_request_latency_ms',
    help: 'Total latency incurred during requests for each service/route in Kong',
    labelNames,
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const kongLatency = new Histogram({
    name: 'kong_kong_latency_ms',
    help: 'Latency added by Kong and enabled plugins for each service/route in Kong',
    labelNames,
    buckets: KONG_BUCKETS,
    registers,
  });
  const bandwidth = new Counter({
    name: 'kong_bandwidth_bytes',
    help: 'Total bandwidth (ingress/egress) throughput in bytes',
    labelNames: [...labelNames, 'direction'] as const,
    registers,
  });
  const wanted = new WeakMap<RequestContext, Record<string, unknown>>();

  return {
    registry,
    requests: new Counter({
      name: 'kong_nginx_requests_total',
      help: 'Total number of requests',
      registers,
    }),
    connections: new Gauge({
      name: 'kong_nginx_connections_total',
      help: 'Number of open client connections',
      registers,
    }),
    pluginErrors: new Counter({
      name: 'pistats_gateway_plugin_errors_total',
      help: 'Requests answered 500 because a plugin or the plugin server failed',
      labelNames: ['plugin'] as const,
      registers,
    }),
    plugin: {
      name: 'prometheus',
      priority: 13,
      schema: {
        fields: [
          { per_consumer: off },
          { status_code_metrics: off },
          { ai_metrics: { ...off, unsupported: true } },
          { latency_metrics: off },
          { bandwidth_metrics: off },
          { upstream_health_metrics: { ...off, unsupported: true } },
        ],
      },
      headerFilter(ctx, entity) {
        wanted.set(ctx, entity.config);
      },
    },
    observe(ctx, status, timings) {
      const config = wanted.get(ctx);
      if (!config) return;
      const labels = { service: ctx.service?.name ?? '', route: ctx.route?.name ?? '' };
      if (config.status_code_metrics)
        statuses.inc({
          ...labels,
          code: `${status}`,
          source: 'kong',
          consumer: config.per_consumer ? (ctx.consumer?.username ?? '') : '',
        });
      if (config.latency_metrics) {
        latency.observe(labels, timings.total);
        // no upstream takes a part of it
        kongLatency.observe(labels, timings.total);
      }
      if (config.bandwidth_metrics) {
        bandwidth.inc({ ...labels, direction: 'ingress' }, timings.received);
        bandwidth.inc({ ...labels, direction: 'egress' }, timings.sent);
      }
    },
  };
}
