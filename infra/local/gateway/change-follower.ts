import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from './log.ts';

/** A sync of thousands of entities is followed in steps of this length; a change is honoured within two of them. */
const STEP_MS = 100;

export interface ChangeFollower {
  /** Says that there is something new; `apply` is called soon, and never twice at a time. */
  follow(): void;
  close(): Promise<void>;
}

export function createChangeFollower(apply: () => Promise<void>, log: Log): ChangeFollower {
  let pending = false;
  let running: Promise<void> | undefined;
  let closed = false;

  async function run(): Promise<void> {
    while (pending && !closed) {
      await delay(STEP_MS);
      pending = false;
      await apply().catch((error: Error) => log('err', `kept the configuration in use: ${error.message}`));
    }
    running = undefined;
  }
  return {
    follow() {
      pending = true;
      running ??= run();
    },
    async close() {
      closed = true;
      await running;
    },
  };
}
