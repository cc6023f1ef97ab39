import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MirrorBacklog } from '../ports/mirror-store.ts';
import type { MirrorSummary } from './mirror-topics.ts';

/**
 * Writes what waits for FCM and what a run did as metrics of CloudWatch (namespace `pistats`, EMF lines in the function's
 * log): in all, and by Firebase project where something waits.
 */
export function reportBacklog(
  backlog: MirrorBacklog[],
  summary: MirrorSummary,
  metrics = createMetrics(),
): void {
  const sum = (of: (one: MirrorBacklog) => number) => backlog.reduce((total, one) => total + of(one), 0);
  metrics.addMetric('mirror_joined', MetricUnit.Count, summary.joined);
  metrics.addMetric('mirror_gone', MetricUnit.Count, summary.gone);
  metrics.addMetric('mirror_dead_addresses', MetricUnit.Count, summary.dead);
  metrics.addMetric('mirror_failures', MetricUnit.Count, summary.later);
  metrics.addMetric(
    'mirror_pending',
    MetricUnit.Count,
    sum(({ pending }) => pending),
  );
  metrics.addMetric(
    'mirror_retried',
    MetricUnit.Count,
    sum(({ retried }) => retried),
  );
  metrics.addMetric(
    'mirror_oldest_seconds',
    MetricUnit.Seconds,
    Math.max(0, ...backlog.map(({ oldestS }) => oldestS)),
  );
  metrics.publishStoredMetrics();
  for (const { firebaseProject, pending, retried, oldestS } of backlog) {
    metrics.addDimension('firebase_project', firebaseProject || 'none');
    metrics.addMetric('mirror_pending', MetricUnit.Count, pending);
    metrics.addMetric('mirror_retried', MetricUnit.Count, retried);
    metrics.addMetric('mirror_oldest_seconds', MetricUnit.Seconds, oldestS);
    metrics.publishStoredMetrics();
  }
}

const createMetrics = () => new Metrics({ namespace: 'pistats', serviceName: 'reconcile' });
