import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import type { Cloud } from './cloud.ts';
import {
  type Answer,
  type Consumer,
  consumer,
  type GatewayNode,
  makeKey,
  ORIGIN,
  tagOf,
} from './gateway-node.ts';

const KEY = makeKey('pk', 'acme');
export const ACME: Consumer = consumer('acme', tagOf(KEY));
export const withKey = (key: string) => ({ 'x-api-key': key, origin: ORIGIN });
export const RIGHT_KEY: Record<string, string> = withKey(KEY);

/** Who sends, and with which headers. */
const SENDERS: Record<string, Record<string, string>> = {
  right: RIGHT_KEY,
  wrong: withKey(makeKey('pk', 'acme')),
  stranger: withKey(makeKey('pk', 'nobody')),
  none: {},
};

export interface Outcome extends Answer {
  sender: string;
  /** performance.now() */
  startedAt: number;
}

export interface Load {
  outcomes: Outcome[];
  /** Resolves when what is under way has been answered. */
  stop(): Promise<void>;
}

/** No more than a node's share on two cores: a loop that is answered 401 at once would starve the parts under test. */
const PAUSE_MS = 10;

/** Registrations by everyone in turn, on each connection one after the other. */
export function startLoad(
  t: { teardown(run: () => unknown): void },
  node: GatewayNode,
  { connections = 24, senders = SENDERS } = {},
): Load {
  const outcomes: Outcome[] = [];
  const names = Object.keys(senders);
  let running = true;
  let count = 0;
  const workers = Array.from({ length: connections }, async (_, worker) => {
    for (let turn = worker; running; turn++) {
      const sender = names[turn % names.length] as string;
      const startedAt = performance.now();
      // every request can be known again at the function
      const headers = { ...senders[sender], 'idempotency-key': `${sender}-${count++}` };
      outcomes.push({ ...(await node.ask({ headers })), sender, startedAt });
      await delay(PAUSE_MS);
    }
  });
  const stop = async () => {
    running = false;
    await Promise.all(workers);
  };
  t.teardown(stop);
  return { outcomes, stop };
}

export const statuses = (outcomes: Outcome[], sender?: string): number[] =>
  [...new Set(outcomes.filter((o) => !sender || o.sender === sender).map(({ status }) => status))].sort(
    (a, b) => a - b,
  );

/** What holds whatever fails: nobody gets in without a key, nothing is promised that is not durable. */
export function assertNoBreach(t: Test, cloud: Cloud, outcomes: Outcome[]): void {
  assertNobodyElse(t, cloud, outcomes);
  const early = outcomes.filter(({ status, acknowledged }) => status >= 200 && status < 300 && !acknowledged);
  t.equal(early.length, 0, 'each 2xx acknowledged before');
}

/** Nobody gets in without a key. */
export function assertNobodyElse(t: Test, cloud: Cloud, outcomes: Outcome[]): void {
  const accepted = outcomes.filter(({ status }) => status >= 200 && status < 300);
  t.ok(accepted.length >= 20, `the load got through: ${accepted.length} of ${outcomes.length}`);
  t.same(
    accepted.filter(({ sender }) => sender !== 'right').map(({ sender }) => sender),
    [],
    'never a 2xx without the right key',
  );
  const invoked = cloud.invocations.flatMap(({ events }) => events);
  t.same(
    invoked
      .map(
        ({ requestContext, headers }) =>
          `${requestContext.authorizer?.lambda?.client} ${headers['idempotency-key']?.split('-')[0]}`,
      )
      .filter((who) => who !== 'acme right'),
    [],
    'no invocation without its consumer',
  );
}
