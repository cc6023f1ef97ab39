import t from 'tap';
import { measureHeap } from '../../bench/heap.ts';

t.test('the plugin server holds on to nothing of the requests it has answered', async (t) => {
  const { growth, before } = await measureHeap({ from: 5_000, requests: 20_000 });
  t.ok(before.heapUsed > 1e6, 'a heap was measured');
  t.ok(growth < 5 * 1024 * 1024, `grew by ${growth} bytes in 15,000 requests`);
});
