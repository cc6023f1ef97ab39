import type { Memory } from './heap.ts';

/** Loaded before the plugin server in its own process: tells, on request, what is still held after a collection. */
process.on('message', () => {
  // what the first finds only just unreachable (finalizers, closed handles) the second one frees
  for (let i = 0; i < 2; i++) globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({ heapUsed, external, rss } satisfies Memory);
});
