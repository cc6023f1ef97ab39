import { setImmediate as turn } from 'node:timers/promises';
import type { InvocationEvent, InvocationResponse } from '../../../contracts/invocation.ts';
import { type CoalescerLimits, createCoalescer } from '../../../plugins/lambda-invoke/coalescer.ts';
import type { InvokeOutcome } from '../../../plugins/lambda-invoke/invoke.ts';

export interface Invocation {
  payload: string;
  /** the bodies of its requests */
  bodies: string[];
  timeoutMs: number;
  end(outcome: InvokeOutcome): Promise<void>;
  /** answers each request with its own body */
  ok(): Promise<void>;
}

let functions = 0;

/** A coalescer whose invocations end when the test says so, or as `decide` does. */
export function coalescing(
  limits: Partial<CoalescerLimits> = {},
  decide?: (bodies: string[]) => InvokeOutcome['kind'],
) {
  const invocations: Invocation[] = [];
  let open = 0;
  let most = 0;
  const invoke = (_name: string, payload: string, timeoutMs: number) =>
    new Promise<InvokeOutcome>((resolve) => {
      most = Math.max(most, ++open);
      const event = JSON.parse(payload) as InvocationEvent & { batch?: InvocationEvent[] };
      const bodies = (event.batch ?? [event]).map(({ body }) => body ?? '');
      const end = async (outcome: InvokeOutcome) => {
        open--;
        resolve(outcome);
        for (let i = 0; i < 5; i++) await turn();
      };
      const ok = () => {
        const answers = bodies.map((body) => ({ statusCode: 200, body }));
        return end({ kind: 'ok', payload: event.batch ? { batch: answers } : answers[0] });
      };
      invocations.push({ payload, bodies, timeoutMs, end, ok });
      const kind = decide?.(bodies);
      if (kind) void (kind === 'ok' ? ok() : end({ kind } as InvokeOutcome));
    });
  const all = {
    maxSize: 100,
    minInFlight: limits.maxInFlight ?? 1,
    maxInFlight: 1,
    maxQueue: 100,
    maxQueueBytes: 1e6,
    ...limits,
  };
  const name = `function-${++functions}`;
  const coalescer = createCoalescer(name, invoke, all);
  return {
    name,
    limits: all,
    coalescer,
    invocations,
    most: () => most,
    /** the request `name` of the client it begins with: `a1` is one of `a` */
    submit: (name: string, deadlineMs = 60_000) => coalescer.submit(eventOf(name), deadlineMs),
  };
}

export const eventOf = (name: string): InvocationEvent =>
  ({
    body: name,
    requestContext: { authorizer: { lambda: { client: name.replace(/\d.*$/, ''), kind: 'pk' } } },
  }) as InvocationEvent;

/** The code of a problem, or the status and the body. */
export const codeOf = ({ statusCode, body = '' }: InvocationResponse): string =>
  statusCode < 300 ? `${statusCode} ${body}` : (JSON.parse(body) as { code: string }).code;
