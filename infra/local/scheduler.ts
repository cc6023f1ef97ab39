import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { LOCAL_CLIENT } from './local-aws.ts';

/** Stands for the EventBridge rule that runs the reconcile function; an asynchronous invocation, never two at once. */
export function startScheduler(lambdaUrl: string, everyMs: number): { stop(): void } {
  const client = new LambdaClient({
    ...LOCAL_CLIENT,
    endpoint: lambdaUrl,
    requestHandler: new NodeHttpHandler(),
    maxAttempts: 1,
  });
  const timer = setInterval(() => {
    // a rule that could not invoke simply comes again
    client
      .send(new InvokeCommand({ FunctionName: 'pistats-reconcile', InvocationType: 'Event', Payload: '{}' }))
      .catch(() => {});
  }, everyMs);
  return {
    stop() {
      clearInterval(timer);
      client.destroy();
    },
  };
}
