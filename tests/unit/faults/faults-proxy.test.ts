import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { refuseRecords, startAwsProxy } from '../../faults/aws-proxy.ts';
import { seeded } from '../../faults/random.ts';

interface PutRecords {
  Records: { Data: string }[];
}

/** Acknowledges every record with its data as the sequence number; tells what it was asked. */
async function kinesisBehindProxy(t: Test) {
  const asked: string[][] = [];
  const server = createServer(async (incoming, outgoing) => {
    const { Records } = JSON.parse(await text(incoming)) as PutRecords;
    asked.push(Records.map(({ Data }) => Data));
    outgoing.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    outgoing.end(
      JSON.stringify({
        FailedRecordCount: 0,
        Records: Records.map(({ Data }) => ({ SequenceNumber: Data })),
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy = await startAwsProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.teardown(async () => {
    await proxy.close();
    server.close();
    server.closeAllConnections();
  });
  const put = async (data: string[]) => {
    const answer = await fetch(proxy.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'Kinesis_20131202.PutRecords' },
      body: JSON.stringify({ StreamName: 's', Records: data.map((Data) => ({ Data, PartitionKey: 'k' })) }),
    });
    return (await answer.json()) as {
      FailedRecordCount: number;
      Records: { SequenceNumber?: string; ErrorCode?: string }[];
    };
  };
  return { proxy, asked, put };
}

const RECORDS = Array.from({ length: 200 }, (_, n) => `record-${n}`);

t.test('what is passed on is answered as the service does', async (t) => {
  const { asked, put } = await kinesisBehindProxy(t);
  t.match(await put(['a', 'b']), {
    FailedRecordCount: 0,
    Records: [{ SequenceNumber: 'a' }, { SequenceNumber: 'b' }],
  });
  t.same(asked, [['a', 'b']]);
});

t.test('refused records never reach the service, and each answer is at its place', async (t) => {
  const { proxy, asked, put } = await kinesisBehindProxy(t);
  proxy.intercept = refuseRecords(0.3, seeded(1));
  const { FailedRecordCount, Records } = await put(RECORDS);
  t.ok(FailedRecordCount > 30 && FailedRecordCount < 90, `${FailedRecordCount} of 200`);
  t.equal(Records.length, RECORDS.length);
  t.equal(
    Records.filter(({ ErrorCode }) => ErrorCode === 'ProvisionedThroughputExceededException').length,
    FailedRecordCount,
  );
  const taken = RECORDS.filter((_, index) => Records[index]?.SequenceNumber);
  t.same(
    taken,
    Records.flatMap(({ SequenceNumber }) => SequenceNumber ?? []),
    'each under its own number',
  );
  t.same(asked, [taken]);
  proxy.intercept = refuseRecords(1, seeded(1));
  t.match(await put(['a']), { FailedRecordCount: 1, Records: [{ ErrorCode: /./ }] });
  t.equal(asked.length, 1, 'a call of which nothing is left is not made');
});

t.test('down: nobody listens; up: at the same address again', async (t) => {
  const { proxy, put } = await kinesisBehindProxy(t);
  await put(['a']);
  await proxy.down();
  await t.rejects(put(['b']));
  await proxy.up();
  t.match(await put(['c']), { FailedRecordCount: 0 });
});

t.test('an intercept that fails leaves the caller without an answer', async (t) => {
  const { proxy, asked, put } = await kinesisBehindProxy(t);
  proxy.intercept = async (_, forward) => {
    await forward();
    throw new Error('lost');
  };
  await t.rejects(put(['a']));
  t.same(asked, [['a']], 'though the work was done');
});

t.test('the same seed gives the same numbers, another gives others', async (t) => {
  const numbers = (seed: number) => Array.from({ length: 1_000 }, seeded(seed));
  t.same(numbers(7), numbers(7));
  t.notSame(numbers(7), numbers(8));
  const mean = numbers(7).reduce((sum, one) => sum + one, 0) / 1_000;
  t.ok(mean > 0.45 && mean < 0.55, `${mean}`);
});
