import type { StampedEvent } from '../../../contracts/stamped-event.ts';
import { openTail } from '../../../stream/index.ts';
import { localSource } from '../local-source.ts';

/** producer, boot, n of one event on the stream. */
export type Triple = readonly [producer: string, boot: string, n: string];

export interface StreamReader {
  /** The distinct triples put since the reader was opened, in no order. */
  read(): Promise<Triple[]>;
  close(): void;
}

/** An iterator ends five minutes after it was given: one that waits is moved on before. */
const READ_ON_EVERY_MS = 60_000;

/** Remembers where the stream ends now, so that what is put from here on can be counted independently of who puts it. */
export async function openStreamReader(kinesisUrl: string, stream: string): Promise<StreamReader> {
  const source = localSource(kinesisUrl, stream);
  const tail = await openTail(source);
  const triples = new Map<string, Triple>();
  const readAll = async () => {
    for await (const { data } of tail.read())
      for (const { producer, boot, n } of JSON.parse(Buffer.from(data).toString()) as StampedEvent[])
        triples.set(`${producer} ${boot} ${n}`, [producer, boot, n]);
  };
  let reading = Promise.resolve();
  const readOn = () => {
    // the next may be luckier
    reading = reading.catch(() => {}).then(readAll);
    return reading;
  };
  const timer = setInterval(() => void readOn().catch(() => {}), READ_ON_EVERY_MS);
  return {
    async read() {
      await readOn();
      return [...triples.values()];
    },
    close() {
      clearInterval(timer);
      source.close();
    },
  };
}
