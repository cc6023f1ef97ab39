import type { RunInfo } from '../local/run-info.ts';

/** Puts the local stack's Kinesis into `environment`, where every AWS SDK looks, unless that names one. */
export function pointAtLocalKinesis(
  stack: Partial<RunInfo> | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): void {
  if (!stack?.kinesisUrl || environment.AWS_ENDPOINT_URL_KINESIS || environment.AWS_REGION) return;
  Object.assign(environment, {
    AWS_ENDPOINT_URL_KINESIS: stack.kinesisUrl,
    AWS_REGION: 'eu-central-1',
    // the stack's services take any, but a request must be signed
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  });
}
