import { setMaxListeners } from 'node:events';
import { Interrupted } from './stop-error.ts';

/**
 * Aborted when this command is to end: by a signal, because nobody reads its output any more (`| tee` that went with the
 * same Ctrl-C, `| head`, a closed terminal), or because the process that started it was killed. For commands that start
 * others; a second signal is taken for the first.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  const interrupt = () => controller.abort();
  setMaxListeners(0, controller.signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  for (const output of [process.stdout, process.stderr]) output.on('error', interrupt);
  // bootstrap.mjs holds the other end
  if (process.connected) {
    process.on('disconnect', interrupt);
    process.channel?.unref();
  } else if (process.send) interrupt();
  return controller.signal;
}

/** Resolves when the signal is aborted. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** As `work`, but ends with `Interrupted` as soon as the signal is aborted. What it has started is the guardian's then. */
export function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    whenAborted(signal).then(() => {
      throw new Interrupted();
    }),
  ]);
}
