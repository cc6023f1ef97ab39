import { Agent, createServer, type IncomingHttpHeaders, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface AwsExchange {
  path: string;
  /** `Kinesis_20131202.PutRecords`; empty for Lambda, which has it in the path */
  operation: string;
  body: Buffer;
}
export interface AwsReply {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}
/** Decides what a caller hears: passes on what it was given (or another body), and may be late or lie about the answer. */
export type Intercept = (
  exchange: AwsExchange,
  forward: (body?: Buffer) => Promise<AwsReply>,
) => Promise<AwsReply>;

export interface AwsProxy {
  url: string;
  intercept: Intercept;
  /** Nobody listens any more, and what was open is cut. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

const pass: Intercept = (_, forward) => forward();

/** Stands before an AWS service and speaks its HTTP; where the service does not answer, the caller's connection is cut. */
export async function startAwsProxy(target: string): Promise<AwsProxy> {
  const agent = new Agent({ keepAlive: true });
  const { hostname, port } = new URL(target);

  const server = createServer(async (incoming, outgoing) => {
    const { url: path = '/', method, headers } = incoming;
    const forward = (body: Buffer) =>
      new Promise<AwsReply>((resolve, reject) => {
        const length = { 'content-length': String(body.length) };
        const call = request(
          { agent, host: hostname, port, path, method, headers: { ...headers, ...length } },
          (answer) =>
            buffer(answer).then(
              (bytes) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: bytes }),
              reject,
            ),
        );
        call.on('error', reject);
        call.end(body);
      });
    try {
      const body = await buffer(incoming);
      const exchange = { path, operation: String(headers['x-amz-target'] ?? ''), body };
      reply(outgoing, await proxy.intercept(exchange, (other = body) => forward(other)));
    } catch {
      outgoing.destroy();
    }
  });

  const listen = (at: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(at, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  await listen(0);
  const own = (server.address() as AddressInfo).port;
  const down = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const proxy: AwsProxy = {
    url: `http://127.0.0.1:${own}`,
    intercept: pass,
    down,
    up: () => listen(own),
    async close() {
      if (server.listening) await down();
      agent.destroy();
    },
  };
  return proxy;
}

function reply(outgoing: ServerResponse, { status, headers, body }: AwsReply): void {
  const { 'transfer-encoding': _, connection: __, 'keep-alive': ___, ...rest } = headers;
  outgoing.writeHead(status, { ...rest, 'content-length': body.length });
  outgoing.end(body);
}

interface PutRecords {
  Records: object[];
}

/** Kinesis refuses each record by itself with this probability, as a shard above its limit does. */
export function refuseRecords(probability: number, random: () => number): Intercept {
  return async ({ operation, body }, forward) => {
    if (!operation.endsWith('.PutRecords')) return forward();
    const call = JSON.parse(body.toString()) as PutRecords;
    const taken = call.Records.map(() => random() >= probability);
    const refusal = {
      ErrorCode: 'ProvisionedThroughputExceededException',
      ErrorMessage: 'Rate exceeded for shard shardId-000000000000 in stream pistats-events.',
    };
    const Records = call.Records.filter((_, index) => taken[index]);
    const answer: AwsReply =
      Records.length > 0
        ? await forward(Buffer.from(JSON.stringify({ ...call, Records })))
        : { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: Buffer.from('{}') };
    if (answer.status !== 200) return answer;
    const results = (JSON.parse(answer.body.toString()) as Partial<PutRecords>).Records ?? [];
    const all = taken.map((isTaken) => (isTaken ? results.shift() : refusal));
    const FailedRecordCount = all.filter((result) => result && 'ErrorCode' in result).length;
    return { ...answer, body: Buffer.from(JSON.stringify({ FailedRecordCount, Records: all })) };
  };
}
