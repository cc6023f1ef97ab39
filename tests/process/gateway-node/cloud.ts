import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { BatchEvent, InvocationEvent } from '../../../contracts/invocation.ts';
import type { StampedEvent } from '../../../contracts/stamped-event.ts';

export interface Invocation {
  functionName: string;
  events: InvocationEvent[];
  batched: boolean;
}
/** 'hang': never an answer; 'drop': the connection is closed. */
export type AwsAnswer =
  | 'hang'
  | 'drop'
  | { status?: number; headers?: Record<string, string>; body: unknown };
export type Lambda = (invocation: Invocation) => AwsAnswer | Promise<AwsAnswer>;

/** Which of a call's records are taken; or an answer to the call as a whole, with none of them taken. */
export type Kinesis = (records: StampedEvent[][]) => boolean[] | AwsAnswer | Promise<boolean[] | AwsAnswer>;

export interface Sent {
  /** (producer, boot, n) of the record's first event */
  stamp: string;
  requestId: string;
  taken: boolean;
}

export interface Cloud {
  url: string;
  lambda: Lambda;
  kinesis: Kinesis;
  invocations: Invocation[];
  /** every record of every PutRecords, in order */
  sent: Sent[];
  /** the requests whose events Kinesis has acknowledged */
  acknowledged: Set<string>;
  forget(): void;
}

/** A function's answer to each event of an invocation, in the shape that the invocation has. */
export function each(
  { events, batched }: Invocation,
  answer: (event: InvocationEvent) => unknown,
): AwsAnswer {
  const answers = events.map(answer);
  return { body: batched ? { batch: answers } : answers[0] };
}

/** What the registrations function answers, as far as the gateway cares. */
export const registered = ({ requestContext: { requestId, authorizer } }: InvocationEvent) => ({
  statusCode: 201,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ client: authorizer.lambda.client }),
  events: [
    { specversion: '1.0', id: requestId, type: 'pistats.registration.created', subject: 'u', data: {} },
  ],
});

export const functionError = (errorType: string): AwsAnswer => ({
  headers: { 'x-amz-function-error': 'Unhandled' },
  body: { errorType, errorMessage: 'arn:aws:lambda:eu-central-1:1:function:x', stackTrace: ['at /var/task'] },
});

export const awsError = (type: string, status: number): AwsAnswer => ({
  status,
  headers: { 'x-amzn-errortype': type },
  body: { __type: type, message: `arn:aws:x ${type}`, Message: `arn:aws:x ${type}` },
});

const invocationOf = (path: string, payload: unknown): Invocation => {
  const batch = (payload as Partial<BatchEvent>).batch;
  return {
    functionName: path.split('/')[3] ?? '',
    events: batch ?? [payload as InvocationEvent],
    batched: batch !== undefined,
  };
};

/** Lambda and Kinesis on one loopback port, speaking their HTTP APIs, and what the gateway asked of them. */
export async function startCloud(t: { teardown(run: () => unknown): void }): Promise<Cloud> {
  const server = createServer(async (incoming, outgoing) => {
    const body: unknown = JSON.parse(await text(incoming));
    if (incoming.headers['x-amz-target'] === 'Kinesis_20131202.PutRecords')
      await putRecords((body as { Records: { Data: string }[] }).Records, outgoing);
    else {
      const invocation = invocationOf(incoming.url ?? '', body);
      cloud.invocations.push(invocation);
      reply(outgoing, await cloud.lambda(invocation));
    }
  });

  async function putRecords(records: { Data: string }[], outgoing: ServerResponse): Promise<void> {
    const read = records.map(
      ({ Data }) => JSON.parse(Buffer.from(Data, 'base64').toString()) as StampedEvent[],
    );
    const outcome = await cloud.kinesis(read);
    const taken = Array.isArray(outcome) ? outcome : read.map(() => false);
    read.forEach(([first], index) => {
      const { producer, boot, n, requestid: requestId } = first as StampedEvent;
      cloud.sent.push({ stamp: `${producer} ${boot} ${n}`, requestId, taken: taken[index] === true });
      if (taken[index]) cloud.acknowledged.add(requestId);
    });
    if (!Array.isArray(outcome)) return reply(outgoing, outcome);
    const Records = outcome.map((isTaken, index) =>
      isTaken
        ? { SequenceNumber: `${index}`, ShardId: 'shardId-000000000000' }
        : { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'Rate exceeded for shard' },
    );
    reply(outgoing, { headers: { 'content-type': 'application/x-amz-json-1.1' }, body: { Records } });
  }

  function reply(outgoing: ServerResponse, answer: AwsAnswer): void {
    if (answer === 'hang') return;
    if (answer === 'drop') return void outgoing.destroy();
    const { status = 200, headers = {}, body } = answer;
    outgoing.writeHead(status, { 'content-type': 'application/json', ...headers });
    outgoing.end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const cloud: Cloud = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lambda: (invocation) => each(invocation, registered),
    kinesis: (records) => records.map(() => true),
    invocations: [],
    sent: [],
    acknowledged: new Set(),
    forget() {
      cloud.invocations = [];
      cloud.sent = [];
    },
  };
  return cloud;
}
