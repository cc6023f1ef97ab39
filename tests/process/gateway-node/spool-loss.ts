import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import { isEmpty } from '../../support/spooling.ts';
import type { Cloud, Kinesis } from './cloud.ts';
import type { GatewayNode } from './gateway-node.ts';
import { gaps, takesAll } from './kinesis-failures.ts';
import { assertNobodyElse, type Outcome } from './load.ts';

export const within = (ms: number) => Math.round(Math.random() * ms);
export const acceptedSince = (outcomes: Outcome[], since: number) =>
  outcomes.filter(({ status, startedAt }) => status === 201 && startedAt > since).length;

/** Takes some, refuses some, and takes its time. */
export const moody: Kinesis = async (records) => {
  await delay(within(40));
  if (Math.random() < 0.2) return 'drop';
  return records.map(() => Math.random() < 0.8);
};

/** What was answered 2xx, and what was stamped before it, is in Kinesis once the spool is empty. */
export async function assertNothingLost(t: Test, node: GatewayNode, outcomes: Outcome[]): Promise<void> {
  const { cloud } = node;
  cloud.kinesis = takesAll;
  await isEmpty(node.spoolDir);
  assertNobodyElse(t, cloud, outcomes);
  t.same(lost(cloud, outcomes), [], 'nothing that was answered 2xx is lost');
  t.same(gaps(cloud.sent), [], 'n has no gap in any boot');
}

const lost = (cloud: Cloud, outcomes: Outcome[]) =>
  outcomes
    .filter(
      ({ status, headers }) =>
        status === 201 && !cloud.acknowledged.has(String(headers['x-kong-request-id'])),
    )
    .map(({ headers }) => headers['x-kong-request-id']);
