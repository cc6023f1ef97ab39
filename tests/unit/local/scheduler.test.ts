import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { startScheduler } from '../../../infra/local/scheduler.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';

t.test('the reconcile function is invoked again and again, asynchronously, until stop', async (t) => {
  const invoked: { path: string | undefined; type: unknown; body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const n = invoked.push({ path: request.url, type: request.headers['x-amz-invocation-type'], body });
    // a refusal and a lost connection, then it works
    if (n === 1) response.writeHead(500).end('{}');
    else if (n === 2) request.socket.destroy();
    else response.writeHead(202).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const scheduler = startScheduler(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 10);
  t.teardown(() => scheduler.stop());
  await waitUntil('five invocations', () => invoked.length >= 5);
  for (const invocation of invoked.slice(0, 5))
    t.match(invocation, {
      path: '/2015-03-31/functions/pistats-reconcile/invocations',
      type: 'Event',
      body: '{}',
    });
  scheduler.stop();
});
