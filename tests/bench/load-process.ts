import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { guard } from '../../infra/local/spawn-guarded.ts';
import { type Latency, latencyOf } from './latency.ts';
import type { LoadPlan, LoadResult } from './load.ts';

export interface Load extends LoadResult {
  latency: Latency;
  answered: number;
  perSecond: number;
}

export interface LoadProcess {
  readonly pid: number;
  /** One plan at a time. */
  run(plan: LoadPlan): Promise<Load>;
  stop(): Promise<void>;
}

/** The load generator in a process of its own, so that what it burns is told apart from what is measured. */
export function startLoadProcess(): LoadProcess {
  const child = guard('load', fork(join(import.meta.dirname, 'load.ts')));
  const ended = once(child, 'exit');
  const died = ended.then(([code, signal]) => {
    throw new Error(`the load generator ended: ${signal ?? code}`);
  });
  died.catch(() => {});
  return {
    pid: child.pid ?? -1,
    async run(plan) {
      child.send(plan);
      const [message] = await Promise.race([once(child, 'message'), died]);
      return summarise([message as LoadResult]);
    },
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** Several runs as one: percentiles are those of all their answers. */
export function summarise(runs: LoadResult[]): Load {
  const codes: Record<number, number> = {};
  for (const run of runs)
    for (const [code, count] of Object.entries(run.codes))
      codes[Number(code)] = (codes[Number(code)] ?? 0) + count;
  const milliseconds = runs.flatMap((run) => run.milliseconds);
  const seconds = runs.reduce((sum, run) => sum + run.seconds, 0);
  const sent = runs.reduce((sum, run) => sum + run.sent, 0);
  const answered = milliseconds.length;
  const latency = latencyOf(milliseconds);
  return { sent, codes, seconds, milliseconds, answered, perSecond: answered / seconds, latency };
}

export function formatCodes(codes: Record<number, number>): string {
  return Object.entries(codes)
    .map(([code, count]) => `${code === '0' ? 'no answer' : code} × ${count}`)
    .join(', ');
}
