import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface AwsRequest {
  path: string;
  headers: IncomingMessage['headers'];
  // biome-ignore lint/suspicious/noExplicitAny: JSON of the AWS APIs
  body: any;
}
/** 'hang': no answer; 'drop': the connection is closed; a string body is sent as it is. */
export type AwsAnswer =
  | { status?: number; headers?: Record<string, string>; body?: unknown }
  | 'hang'
  | 'drop';

/** An AWS endpoint on loopback; the environment of this process leads the AWS SDK to it. */
export async function fakeAws(
  t: { teardown(run: () => unknown): void },
  answer: (request: AwsRequest) => AwsAnswer,
): Promise<{ requests: AwsRequest[] }> {
  const requests: AwsRequest[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const sent = await text(incoming);
    const request = {
      path: incoming.url ?? '',
      headers: incoming.headers,
      body: sent ? JSON.parse(sent) : null,
    };
    requests.push(request);
    const given = answer(request);
    if (given === 'hang') return;
    if (given === 'drop') return void incoming.socket.destroy();
    const { status = 200, headers = {}, body } = given;
    outgoing.writeHead(status, { 'content-type': 'application/json', ...headers });
    outgoing.end(typeof body === 'string' ? body : JSON.stringify(body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_LAMBDA: endpoint,
    AWS_ENDPOINT_URL_KINESIS: endpoint,
  });
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return { requests };
}
