import { awsError, type Kinesis, type Sent } from './cloud.ts';

export const takesAll: Kinesis = (records) => records.map(() => true);

/** The ways in which Kinesis does not take a record. */
export const KINESIS_FAILURES: [what: string, kinesis: Kinesis][] = [
  ['down', () => 'drop'],
  ['without an answer', () => 'hang'],
  ['failing', () => awsError('InternalFailure', 500)],
  ['throttling the call', () => awsError('ProvisionedThroughputExceededException', 400)],
  ['without the stream', () => awsError('ResourceNotFoundException', 400)],
  ['refusing every record', (records) => records.map(() => false)],
  ['answering nonsense', () => ({ body: 'not JSON' })],
  ['answering nothing of the records', () => ({ body: {} })],
];

/** How often each record was taken and refused, by its stamp. */
export function byStamp(
  sent: Sent[],
): { stamp: string; taken: number; refused: number; lastTaken: boolean }[] {
  return [...Map.groupBy(sent, ({ stamp }) => stamp)].map(([stamp, tries]) => ({
    stamp,
    taken: tries.filter(({ taken }) => taken).length,
    refused: tries.filter(({ taken }) => !taken).length,
    lastTaken: tries.at(-1)?.taken === true,
  }));
}

/** Boots whose records that Kinesis took are not numbered 1, 2, 3, … without a gap, each with what is missing. */
export function gaps(sent: Sent[]): string[] {
  const taken = sent.filter(({ taken }) => taken).map(({ stamp }) => stamp.split(' '));
  return [...Map.groupBy(taken, ([, boot]) => boot)].flatMap(([boot, stamps]) => {
    const numbers = new Set(stamps.map(([, , n]) => Number(n)));
    const missing = Array.from({ length: Math.max(...numbers) }, (_, i) => i + 1).filter(
      (n) => !numbers.has(n),
    );
    return missing.length > 0 ? [`${boot}: ${missing.slice(0, 10).join()} (${missing.length})`] : [];
  });
}
