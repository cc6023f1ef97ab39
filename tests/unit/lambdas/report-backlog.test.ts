import { Metrics } from '@aws-lambda-powertools/metrics';
import t from 'tap';
import { reportBacklog } from '../../../lambdas/reconcile/report-backlog.ts';

const SUMMARY = { joined: 3, gone: 2, dead: 1, later: 4 };

function report(backlog: Parameters<typeof reportBacklog>[0]) {
  const lines: string[] = [];
  const logger = { log: (line: string) => lines.push(line), warn() {}, debug() {}, error() {}, info() {} };
  const metrics = new Metrics({ namespace: 'pistats', serviceName: 'reconcile', logger: logger as never });
  // what it publishes goes to its own console
  Object.defineProperty(metrics, 'console', { value: logger });
  reportBacklog(backlog, SUMMARY, metrics);
  return lines.map((line) => JSON.parse(line));
}

t.test('what waits in all, and by project, as metrics in EMF', async (t) => {
  const [all, one, two, ...rest] = report([
    { firebaseProject: '', pending: 1, retried: 0, oldestS: 5 },
    { firebaseProject: 'project-1', pending: 10, retried: 4, oldestS: 700 },
  ]);
  t.same(rest, []);
  t.match(all, {
    service: 'reconcile',
    mirror_joined: 3,
    mirror_gone: 2,
    mirror_dead_addresses: 1,
    mirror_failures: 4,
    mirror_pending: 11,
    mirror_retried: 4,
    mirror_oldest_seconds: 700,
  });
  t.equal(all._aws.CloudWatchMetrics[0].Namespace, 'pistats');
  t.match(one, { firebase_project: 'none', mirror_pending: 1, mirror_oldest_seconds: 5 });
  t.match(two, { firebase_project: 'project-1', mirror_pending: 10, mirror_retried: 4 });
});

t.test('where nothing waits the metrics are nought, not missing: an alarm ends', async (t) => {
  const [all, ...rest] = report([]);
  t.match(all, { mirror_pending: 0, mirror_oldest_seconds: 0 });
  t.same(rest, []);
});
