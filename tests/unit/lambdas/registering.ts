import { v7 } from 'uuid';
import type { InvocationEvent } from '../../../contracts/invocation.ts';
import type { AnswerCache } from '../../../lambdas/ports/answers.ts';
import { processRegistrations } from '../../../lambdas/registrations/process.ts';
import { type MemoryRegistry, memoryRegistry, noCache } from '../../support/memory-registry.ts';
import { answerOf, tokens } from '../../support/requests.ts';

export const START = new Date('2026-06-01T12:00:00.000Z');

/** The registrations function over a registry in memory, with a clock that stands until it is moved. */
export function registering(
  registry: MemoryRegistry = memoryRegistry('demo'),
  answers: AnswerCache = noCache,
) {
  let now = START.getTime();
  const ports = {
    store: registry.store,
    answers,
    tokens,
    now: () => new Date(now),
    newId: () => v7({ msecs: now }),
  };
  return {
    registry,
    ports,
    wait: (ms: number) => {
      now += ms;
    },
    /** Sends one batch; the answers in its order. */
    send: async (...events: InvocationEvent[]) => (await processRegistrations(events, ports)).map(answerOf),
    /** Sends one request alone. */
    async one(event: InvocationEvent) {
      const [answer] = (await processRegistrations([event], ports)).map(answerOf);
      return answer as ReturnType<typeof answerOf>;
    },
  };
}
