/** Puts the local stack's Kinesis into `environment`, where every AWS SDK looks. */
export function pointAtLocalKinesis(kinesisUrl: string, environment: NodeJS.ProcessEnv): void {
  Object.assign(environment, {
    AWS_ENDPOINT_URL_KINESIS: kinesisUrl,
    AWS_REGION: 'eu-central-1',
    // the stack's services take any, but a request must be signed
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  });
}
