import { InvokeCommand, LambdaClient, TooManyRequestsException } from '@aws-sdk/client-lambda';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/** How one invocation ended. No AWS detail is kept: what a client sees is made from `kind` alone. */
export type InvokeOutcome =
  | { kind: 'ok'; payload: unknown }
  | { kind: 'throttled' }
  | { kind: 'failed' }
  | { kind: 'timeout' }
  | { kind: 'unreachable' };

export type Invoke = (functionName: string, payload: string, timeoutMs: number) => Promise<InvokeOutcome>;

/** Invokes by the AWS SDK; endpoint, region and credentials come from its own environment. */
export function createInvoke(): Invoke {
  let client: LambdaClient | undefined;
  return async (functionName, payload, timeoutMs) => {
    // one attempt: what may be sent again, and when, is the queue's business
    client ??= new LambdaClient({
      maxAttempts: 1,
      requestHandler: new NodeHttpHandler({ connectionTimeout: 2_000 }),
    });
    const abortSignal = AbortSignal.timeout(Math.max(1, timeoutMs));
    try {
      const command = new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(payload) });
      const answer = await client.send(command, { abortSignal });
      const json: unknown = JSON.parse(Buffer.from(answer.Payload ?? []).toString() || 'null');
      if (!answer.FunctionError) return { kind: 'ok', payload: json };
      const type = (json as { errorType?: string } | null)?.errorType;
      return { kind: type === 'Sandbox.Timedout' ? 'timeout' : 'failed' };
    } catch (error) {
      if (abortSignal.aborted) return { kind: 'timeout' };
      if (error instanceof TooManyRequestsException) return { kind: 'throttled' };
      if (error instanceof SyntaxError) return { kind: 'failed' };
      const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
      // 4xx: this payload or this configuration; no status: the network; 5xx: the service
      return { kind: status && status >= 400 && status < 500 ? 'failed' : 'unreachable' };
    }
  };
}
