const REGION = 'eu-central-1';

/** For AWS clients of the stack's services: they take any credentials, but a request must be signed. */
export const LOCAL_CLIENT = {
  region: REGION,
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
} as const;

/** The same as the variables that every AWS SDK reads. */
export const LOCAL_AWS = {
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: LOCAL_CLIENT.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: LOCAL_CLIENT.credentials.secretAccessKey,
} as const;
