import {
  type AwsAnswer,
  AwsCallError,
  type AwsPost,
  createAwsClient,
  errorType,
} from '../../stream/aws-client.ts';

/** How one invocation ended. No AWS detail is kept: what a client sees is made from `kind` alone. */
export type InvokeOutcome =
  | { kind: 'ok'; payload: unknown }
  | { kind: 'throttled' }
  | { kind: 'failed' }
  | { kind: 'timeout' }
  | { kind: 'unreachable' };

export type Invoke = (functionName: string, payload: string, timeoutMs: number) => Promise<InvokeOutcome>;

/** Invokes by Lambda's API; endpoint, region and credentials come from the AWS SDKs' environment. */
export function createInvoke(): Invoke {
  let post: AwsPost | undefined;
  return async (functionName, payload, timeoutMs) => {
    try {
      post ??= createAwsClient('lambda');
      // one attempt: what may be sent again, and when, is the queue's business
      const answer = await post({
        path: `/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`,
        headers: { 'content-type': 'application/octet-stream' },
        body: payload,
        timeoutMs,
      });
      return answer.status < 300 ? ofFunction(answer) : ofService(answer);
    } catch (error) {
      return { kind: error instanceof AwsCallError ? error.kind : 'unreachable' };
    }
  };
}

function ofFunction({ headers, body }: AwsAnswer): InvokeOutcome {
  let payload: unknown;
  try {
    payload = JSON.parse(body || 'null');
  } catch {
    return { kind: 'failed' };
  }
  if (!headers['x-amz-function-error']) return { kind: 'ok', payload };
  const type = (payload as { errorType?: string } | null)?.errorType;
  return { kind: type === 'Sandbox.Timedout' ? 'timeout' : 'failed' };
}

function ofService(answer: AwsAnswer): InvokeOutcome {
  if (errorType(answer) === 'TooManyRequestsException') return { kind: 'throttled' };
  // 4xx: this payload or this configuration; else the service
  return { kind: answer.status >= 400 && answer.status < 500 ? 'failed' : 'unreachable' };
}
