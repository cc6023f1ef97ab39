import { createServer, type Server } from 'node:http';
import type { GatewayMetrics } from './metrics.ts';
import { SERVER } from './respond.ts';

/** Kong's status listener, as far as anything here asks it: /status, /status/ready, /metrics. */
export function createStatusServer(metrics: GatewayMetrics, isReady: () => boolean): Server {
  return createServer(async (req, res) => {
    const path = (req.url ?? '/').split('?')[0];
    const json = (status: number, body: unknown) => {
      res.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', Server: SERVER });
      res.end(JSON.stringify(body));
    };
    if (req.method !== 'GET') return json(405, { message: 'Method not allowed' });
    if (path === '/metrics') {
      const text = await metrics.registry.metrics();
      res.writeHead(200, { 'Content-Type': 'text/plain; charset=UTF-8', Server: SERVER });
      return res.end(text);
    }
    if (path === '/status') {
      const [connections] = (await metrics.connections.get()).values;
      const [requests] = (await metrics.requests.get()).values;
      return json(200, {
        database: { reachable: true },
        server: { connections_active: connections?.value ?? 0, total_requests: requests?.value ?? 0 },
      });
    }
    if (path === '/status/ready')
      return isReady() ? json(200, { message: 'ready' }) : json(503, { message: 'shutting down' });
    return json(404, { message: 'Not found' });
  });
}
