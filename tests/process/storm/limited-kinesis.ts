import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const READS_A_SECOND = 5;
const BYTES_A_SECOND = 2 * 1024 * 1024;
const SHARDS_A_PAGE = 2;

interface Call {
  shard: string;
  at: number;
}

/**
 * Kinesis' limits in front of a service without any: five GetRecords, five GetShardIterator and 2 MiB a second and
 * shard, and lists of shards in pages. Errors can be put in its answers; what it was asked is kept.
 */
export async function limitedKinesis(t: { teardown(f: () => unknown): unknown }, target: string) {
  /** of which shard an iterator is */
  const shards = new Map<string, string>();
  const calls: Record<'GetRecords' | 'GetShardIterator', Call[]> = { GetRecords: [], GetShardIterator: [] };
  const served: (Call & { bytes: number })[] = [];
  /** error types to answer the next GetRecords of each shard with */
  const errors = new Map<string, string[]>();
  let throttled = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const operation = String(request.headers['x-amz-target']).split('.')[1];
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, string>;
    if (operation === 'GetRecords' || operation === 'GetShardIterator') {
      const shard = body.ShardId ?? (shards.get(body.ShardIterator as string) as string);
      const error = refuse(operation, shard);
      if (error) return send(response, 400, { __type: error, message: error });
    }
    // the service knows no NextToken: the proxy pages for it
    const from = operation === 'ListShards' ? Number(body.NextToken ?? 0) : 0;
    if (body.NextToken) body.StreamName = streamName;
    delete body.NextToken;
    if (operation === 'ListShards') streamName = body.StreamName as string;
    const { host, 'content-length': _, ...headers } = request.headers;
    const result = await fetch(target, {
      method: 'POST',
      headers: headers as Record<string, string>,
      body: JSON.stringify(body),
    });
    const content = (await result.json()) as Record<string, never>;
    if (operation === 'GetShardIterator' && content.ShardIterator)
      shards.set(content.ShardIterator, body.ShardId as string);
    if (operation === 'GetRecords') keep(body.ShardIterator as string, content);
    if (operation === 'ListShards') page(content, from);
    send(response, result.status, content);
  }

  let streamName = '';

  function refuse(operation: 'GetRecords' | 'GetShardIterator', shard: string): string | undefined {
    const now = performance.now();
    const recent = calls[operation].filter((call) => call.shard === shard && now - call.at < 1_000);
    calls[operation].push({ shard, at: now });
    const bytes = served.filter((call) => call.shard === shard && now - call.at < 1_000);
    const over =
      recent.length >= READS_A_SECOND ||
      (operation === 'GetRecords' && bytes.reduce((sum, call) => sum + call.bytes, 0) > BYTES_A_SECOND);
    if (over) throttled++;
    if (over) return 'ProvisionedThroughputExceededException';
    return operation === 'GetRecords' ? errors.get(shard)?.shift() : undefined;
  }

  function keep(
    iterator: string,
    content: { Records?: { Data: string }[]; NextShardIterator?: string },
  ): void {
    const shard = shards.get(iterator) as string;
    if (content.NextShardIterator) shards.set(content.NextShardIterator, shard);
    const bytes = (content.Records ?? []).reduce((sum, { Data }) => sum + (Data.length * 3) / 4, 0);
    served.push({ shard, at: performance.now(), bytes });
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => send(response, 500, { message: error.message }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    errors,
    get throttled() {
      return throttled;
    },
  };
}

function page(content: { Shards?: unknown[]; NextToken?: string }, from: number): void {
  const all = content.Shards ?? [];
  content.Shards = all.slice(from, from + SHARDS_A_PAGE);
  if (from + SHARDS_A_PAGE < all.length) content.NextToken = String(from + SHARDS_A_PAGE);
}

function send(response: ServerResponse, status: number, content: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify(content));
}

/** The most calls for one shard that fall within any second. */
export function mostInASecond(calls: Call[]): number {
  return Math.max(
    0,
    ...calls.map(
      ({ shard, at }) =>
        calls.filter((call) => call.shard === shard && call.at >= at && call.at < at + 1_000).length,
    ),
  );
}
