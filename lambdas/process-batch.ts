import type { ReportFailure } from '../contracts/failure-log.ts';
import type { InvocationEvent, InvocationResponse } from '../contracts/invocation.ts';
import type { DeviceTokens } from './device-token.ts';
import { findRepeats } from './find-repeats.ts';
import type { AnswerCache } from './ports/answers.ts';
import type { Clock } from './ports/clock.ts';
import type { RequestIdentity } from './request.ts';
import { settleBatch } from './settle-batch.ts';

/** What a request asks for, or why it can't be asked. */
export type Parsed<T> = { command: T } | { response: InvocationResponse };

/**
 * A batch of requests of any clients, each answered on its own and in order: what can't be asked and what the cache
 * knows to be a repeat is answered at once, the rest is settled together.
 */
export async function processBatch<T extends RequestIdentity>(
  events: InvocationEvent[],
  steps: {
    parse(event: InvocationEvent): Parsed<T>;
    /** answers all of them, or throws and has written nothing */
    attempt(commands: T[]): Promise<InvocationResponse[]>;
  },
  ports: { answers: AnswerCache; tokens: DeviceTokens; now: Clock; report?: ReportFailure },
): Promise<InvocationResponse[]> {
  const parsed = events.map(steps.parse);
  const commands = parsed.flatMap((one) => ('command' in one ? [one.command] : []));
  const replayed = await findRepeats(commands, ports.answers, ports.tokens, ports.now());
  const open = commands.filter((command) => !replayed.has(command));
  const settled = await settleBatch(open, steps.attempt, {
    report: (code, error, unsettled) =>
      ports.report?.(code, error, () => ({
        count: unsettled.length,
        requestIds: parsed.flatMap((one, index) =>
          'command' in one && unsettled.includes(one.command)
            ? [(events[index] as InvocationEvent).requestContext.requestId]
            : [],
        ),
      })),
  });
  const responses = new Map(open.map((command, index) => [command, settled[index] as InvocationResponse]));
  return parsed.map((one) => {
    if ('response' in one) return one.response;
    return (replayed.get(one.command) ?? responses.get(one.command)) as InvocationResponse;
  });
}
