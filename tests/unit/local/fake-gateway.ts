import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ReplayRequest } from '../../../infra/local/load/bodies.ts';

/** A request as the gateway got it. */
export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the client sent
  body: any;
  at: number;
}

export interface FakeAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** What the gateway does with its `n`th request, from 0; 'cut' ends the connection without an answer. */
export type Behaviour = (request: Received, n: number) => FakeAnswer | 'cut' | Promise<FakeAnswer | 'cut'>;

export interface FakeGateway {
  url: string;
  received: Received[];
  /** the highest number of requests that were under way at once */
  most(): number;
}

/** An HTTP server on a free port in the gateway's place; it remembers everything it was sent. */
export async function fakeGateway(
  t: { teardown(f: () => unknown): unknown },
  behaviour: Behaviour,
): Promise<FakeGateway> {
  const received: Received[] = [];
  let under = 0;
  let most = 0;
  const server = createServer(async (request, response) => {
    most = Math.max(most, ++under);
    response.on('close', () => under--);
    let text = '';
    for await (const chunk of request) text += chunk;
    const entry = {
      path: String(request.url),
      headers: request.headers,
      body: JSON.parse(text),
      at: Date.now(),
    };
    const answer = await behaviour(entry, received.push(entry) - 1);
    if (answer === 'cut') return request.socket.destroy();
    const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {});
    response.writeHead(answer.status, answer.headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, received, most: () => most };
}

const CLIENT = { name: 'one', properties: ['www'], pk: 'pk_one_x' };

/** A request of the replay whose body carries its own number. */
export function replayRequest(n: number, overrides: Partial<ReplayRequest> = {}): ReplayRequest {
  return {
    client: CLIENT,
    body: JSON.stringify({ n }),
    installationId: `installation-${n}`,
    userAgent: `agent-${n}`,
    address: '203.0.113.9',
    topics: [],
    ...overrides,
  };
}

export const created = (n: number): FakeAnswer => ({
  status: 201,
  body: { registrationId: `r-${n}`, deviceToken: `dt_${n}` },
});
