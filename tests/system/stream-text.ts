import { localSource } from '../../infra/local/local-source.ts';
import { openTail } from '../../stream/index.ts';
import { run } from './api.ts';

/** Remembers where the stream ends now; `read` gives the text of every record put since. */
export async function openStreamText(): Promise<{ read(): Promise<string>; close(): void }> {
  const source = localSource(run.kinesisUrl, run.stream);
  const tail = await openTail(source);
  const texts: string[] = [];
  return {
    async read() {
      for await (const { partitionKey, data } of tail.read())
        texts.push(partitionKey, Buffer.from(data).toString());
      return texts.join('\n');
    },
    close: source.close,
  };
}
