import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { functionArn } from './environment.ts';
import type { LocalFunction } from './function.ts';
import { readBody, sendJson } from './http.ts';

/** AWS Lambda quotas: 6 MB synchronous, 1 MB asynchronous. */
const MAX_SYNC_BYTES = 6_291_556;
const MAX_ASYNC_BYTES = 1_048_576;
/** An asynchronous invocation that fails is tried twice more; AWS waits one and two minutes, this machine seconds. */
const ASYNC_RETRY_MS = [1_000, 2_000];
const THROTTLED_RETRY_MS = 1_000;

/** Lambda's public Invoke API for the unmodified AWS SDKs. No IAM check: signatures are not verified. */
export function createInvokeApi(functions: Map<string, LocalFunction>): Server {
  const server = createServer((request, response) => {
    handle(functions, request, response).catch((error: Error) => {
      if (!response.headersSent) awsError(response, 500, 'ServiceException', error.message);
    });
  });
  server.keepAliveTimeout = 65_000;
  return server;
}

async function handle(
  functions: Map<string, LocalFunction>,
  request: IncomingMessage,
  response: ServerResponse,
) {
  if (request.method === 'GET' && request.url === '/stats') {
    const stats = [...functions].map(([name, local]) => [name, local.stats()]);
    return sendJson(response, 200, Object.fromEntries(stats));
  }
  const path = /^\/2015-03-31\/functions\/([^/?]+)\/invocations/.exec(request.url ?? '');
  if (request.method !== 'POST' || !path)
    return awsError(response, 404, 'UnknownOperationException', 'No such operation');
  const name = (
    decodeURIComponent(path[1] as string)
      .split(':function:')
      .pop() as string
  ).split(':')[0] as string;
  const payload = await readBody(request);
  const local = functions.get(name);
  if (!local)
    return awsError(response, 404, 'ResourceNotFoundException', `Function not found: ${functionArn(name)}`);
  const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  const limit = type === 'Event' ? MAX_ASYNC_BYTES : MAX_SYNC_BYTES;
  if (payload.length > limit)
    return awsError(response, 413, 'RequestTooLargeException', `Request must be smaller than ${limit} bytes`);
  const body = payload.length > 0 ? payload : Buffer.from('{}');
  try {
    JSON.parse(body.toString());
  } catch (error) {
    const message = `Could not parse request body into json: ${(error as Error).message}`;
    return awsError(response, 400, 'InvalidRequestContentException', message);
  }
  if (type === 'DryRun') return void response.writeHead(204).end();
  if (type === 'Event') {
    response.writeHead(202, { 'x-amzn-requestid': randomUUID() }).end();
    return invokeLater(local, body);
  }
  const outcome = await local.invoke(body);
  if (!outcome)
    return awsError(response, 429, 'TooManyRequestsException', 'Rate Exceeded.', {
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
    });
  if (!outcome.functionError && outcome.body.length > MAX_SYNC_BYTES) {
    outcome.functionError = 'Unhandled';
    const errorMessage = 'Response payload size exceeded maximum allowed payload size (6291556 bytes).';
    outcome.body = Buffer.from(JSON.stringify({ errorType: 'Function.ResponseSizeTooLarge', errorMessage }));
  }
  sendJson(response, 200, outcome.body, {
    'x-amzn-requestid': randomUUID(),
    'x-amz-executed-version': '$LATEST',
    ...(outcome.functionError ? { 'x-amz-function-error': outcome.functionError } : {}),
    ...(request.headers['x-amz-log-type'] === 'Tail'
      ? { 'x-amz-log-result': outcome.logs.subarray(-4096).toString('base64') }
      : {}),
  });
}

async function invokeLater(local: LocalFunction, body: Buffer): Promise<void> {
  for (let attempt = 0; attempt <= ASYNC_RETRY_MS.length; ) {
    const outcome = await local.invoke(body);
    if (outcome && !outcome.functionError) return;
    await delay(outcome ? (ASYNC_RETRY_MS[attempt] ?? 0) : THROTTLED_RETRY_MS, undefined, { ref: false });
    if (outcome) attempt++;
  }
}

function awsError(response: ServerResponse, status: number, type: string, message: string, extra = {}): void {
  const headers = { 'x-amzn-errortype': type, 'x-amzn-requestid': randomUUID() };
  sendJson(response, status, { Type: status >= 500 ? 'Service' : 'User', message, ...extra }, headers);
}
