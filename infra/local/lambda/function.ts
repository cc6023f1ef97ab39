import { randomUUID } from 'node:crypto';
import type { FunctionDefinition } from '../functions.ts';
import { Environment, type Invocation, type Outcome } from './environment.ts';

/** Counters since the service's start; `billedMs` as AWS bills: each invocation rounded up to a millisecond. */
export interface FunctionStats {
  invocations: number;
  environments: number;
  cold: number;
  throttles: number;
  errors: number;
  billedMs: number;
}

export interface LocalFunction {
  /** null: over the reserved concurrency */
  invoke(payload: Buffer): Promise<Outcome | null>;
  stats(): FunctionStats;
  stop(): void;
}

/** One function: an environment for each concurrent invocation, kept warm until it was idle for `idleMs`. */
export function createFunction(definition: FunctionDefinition, log: (chunk: Buffer) => void): LocalFunction {
  const environments = new Set<Environment>();
  const idle: Environment[] = [];
  const pending: Invocation[] = [];
  const stats = { invocations: 0, cold: 0, throttles: 0, errors: 0, billedMs: 0 };
  let inFlight = 0;

  const reaper = setInterval(
    () => {
      const before = Date.now() - definition.idleMs;
      for (const environment of idle.filter(({ lastUsed }) => lastUsed < before)) environment.kill();
    },
    Math.min(definition.idleMs, 1_000),
  );
  reaper.unref();

  const events = {
    log,
    idle(environment: Environment) {
      const next = pending.shift();
      if (next) environment.run(next);
      else idle.push(environment);
    },
    gone(environment: Environment) {
      environments.delete(environment);
      const index = idle.indexOf(environment);
      if (index >= 0) idle.splice(index, 1);
      // an environment that ended instead of taking the invocation it was started for
      if (pending.length > count('init') + count('returning')) {
        const body = environment.failure();
        pending.shift()?.done({ functionError: 'Unhandled', body, ranMs: 0, logs: Buffer.alloc(0) });
      }
    },
  };
  const count = (state: Environment['state']) => {
    let n = 0;
    for (const environment of environments) if (environment.state === state) n++;
    return n;
  };

  return {
    invoke(payload) {
      // AWS counts invocations in flight, not environments alive
      if (inFlight >= definition.concurrency) {
        stats.throttles++;
        return Promise.resolve(null);
      }
      inFlight++;
      stats.invocations++;
      return new Promise((resolve) => {
        const invocation: Invocation = {
          id: randomUUID(),
          payload,
          done(outcome) {
            inFlight--;
            stats.billedMs += Math.ceil(outcome.ranMs);
            if (outcome.functionError) stats.errors++;
            resolve(outcome);
          },
        };
        const environment = idle.pop();
        if (environment) return environment.run(invocation);
        pending.push(invocation);
        // one that has answered and not yet asked again is about to be free: no cold start for it
        if (count('returning') + count('init') >= pending.length) return;
        stats.cold++;
        environments.add(new Environment(definition, events));
      });
    },
    stats: () => ({ ...stats, environments: environments.size }),
    stop() {
      clearInterval(reaper);
      for (const environment of [...environments]) environment.kill();
    },
  };
}
