import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { InvocationEvent } from '../../contracts/invocation.ts';
import type { RunInfo } from '../../infra/local/run-info.ts';
import { TEST_ORIGIN } from '../support/test-clients.ts';
import type { BenchStack } from './bench-stack.ts';
import { metric } from './counters.ts';
import { formatLatency, latencyOf } from './latency.ts';
import { registrationBody } from './load.ts';
import { barRow, type Row } from './rows.ts';

const WARM_UP = 30;

/** One registration at a time, through the gateway and by the SDK straight to the function, in turn. */
export async function benchLone({ info }: BenchStack, seconds: number): Promise<Row[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const lambda = new LambdaClient({
    region: 'eu-central-1',
    endpoint: info.lambdaUrl,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new NodeHttpHandler(),
  });
  const name = `lone-${randomUUID()}`;
  const through: number[] = [];
  const direct: number[] = [];
  const pair = async (index: number) => {
    through.push(await timed(() => throughGateway(info, agent, `${name}-through-${index}`)));
    direct.push(await timed(() => invoke(lambda, `${name}-direct-${index}`)));
  };
  const costs = async () => ({
    invoke: await metric(info, 'pistats_invocation_seconds_sum'),
    put: await metric(info, 'pistats_kinesis_call_seconds_sum'),
  });
  try {
    for (let index = 0; index < WARM_UP; index++) await pair(index);
    through.length = 0;
    direct.length = 0;
    const before = await costs();
    const end = performance.now() + seconds * 2_000;
    for (let index = WARM_UP; performance.now() < end; index++) await pair(index);
    const after = await costs();
    const mean = (from: number, to: number) => (((to - from) * 1_000) / through.length).toFixed(2);
    const [a, b] = [latencyOf(through), latencyOf(direct)];
    const detail = [
      `through the gateway p50/p99/p99.9 ${formatLatency(a)} ms`,
      `directly ${formatLatency(b)} ms`,
      `mean in the plugin server: invocation ${mean(before.invoke, after.invoke)} ms, PutRecords ${mean(before.put, after.put)} ms`,
      `${through.length} pairs`,
    ];
    return [
      barRow(
        'a lone request: added by the gateway, p50',
        a.p50 - b.p50,
        'ms',
        { atMost: 3 },
        detail.join('; '),
      ),
    ];
  } finally {
    agent.destroy();
    lambda.destroy();
  }
}

async function timed(run: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
}

function throughGateway(info: RunInfo, agent: Agent, installationId: string): Promise<void> {
  const body = registrationBody(installationId);
  const headers = {
    'x-api-key': info.keys.first?.pk,
    origin: TEST_ORIGIN,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(`${info.proxyUrl}/v1/registrations`, { agent, method: 'POST', headers });
    outgoing.on('response', (response) => {
      response.resume();
      response.on('end', () =>
        response.statusCode === 201 ? resolve() : reject(new Error(`the gateway: ${response.statusCode}`)),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function invoke(lambda: LambdaClient, installationId: string): Promise<void> {
  const Payload = JSON.stringify(eventOf(registrationBody(installationId)));
  const answer = await lambda.send(new InvokeCommand({ FunctionName: 'pistats-registrations', Payload }));
  const { statusCode } = JSON.parse(Buffer.from(answer.Payload ?? []).toString()) as { statusCode: number };
  if (statusCode !== 201) throw new Error(`the function: ${statusCode}`);
}

/** What lambda-invoke makes of such a request. */
export function eventOf(body: string): InvocationEvent {
  const now = Date.now();
  const routeKey = 'POST /v1/registrations';
  const path = '/v1/registrations';
  return {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString: '',
    headers: { 'content-type': 'application/json', origin: TEST_ORIGIN },
    body,
    isBase64Encoded: false,
    requestContext: {
      accountId: 'pistats',
      apiId: 'pistats',
      domainName: 'pistats',
      domainPrefix: 'pistats',
      stage: '$default',
      routeKey,
      requestId: randomUUID().replaceAll('-', ''),
      timeEpoch: now,
      time: new Date(now).toISOString(),
      http: { method: 'POST', path, protocol: 'HTTP/1.1', sourceIp: '81.2.69.142', userAgent: '' },
      authorizer: { lambda: { client: 'first', kind: 'pk' } },
    },
  };
}
