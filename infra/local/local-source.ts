import { FULL_PAGE, kinesisSource } from '../../stream/index.ts';

/** The local stack's stream, whatever the shell's AWS variables say. */
export const localSource = (kinesisUrl: string, stream: string) =>
  kinesisSource(stream, {
    maxAttempts: 3,
    pageRecords: FULL_PAGE,
    client: {
      region: 'eu-central-1',
      endpoint: kinesisUrl,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    },
  });
