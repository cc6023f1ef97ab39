import { FULL_PAGE, kinesisSource } from '../../stream/index.ts';
import { LOCAL_CLIENT } from './local-aws.ts';

/** The local stack's stream, whatever the shell's AWS variables say. */
export const localSource = (kinesisUrl: string, stream: string) =>
  kinesisSource(stream, {
    maxAttempts: 3,
    pageRecords: FULL_PAGE,
    client: { ...LOCAL_CLIENT, endpoint: kinesisUrl },
  });
