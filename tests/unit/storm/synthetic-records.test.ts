import t from 'tap';
import type { Fact } from '../../../contracts/cloud-event.ts';
import type { StampedEvent } from '../../../contracts/stamped-event.ts';
import { createSyntheticRecords } from '../../../infra/local/storm/synthetic-records.ts';
import { decodeRecord } from '../../../storm/decode/decode-record.ts';
import { decodeBatch } from '../../../storm/spout/record-batch.ts';
import { createStamper } from '../../../stream/stamp.ts';
import { BOOT } from '../../support/events.ts';

t.test('the records are what the gateway would have stamped, and every event decodes', async (t) => {
  const next = createSyntheticRecords({ producer: 'p', boot: BOOT, eventsPerRecord: 7, total: 1_200 });
  const tuples: string[] = [];
  for (let tuple = next(); tuple !== undefined; tuple = next()) tuples.push(tuple);
  t.equal(tuples.length, 3);
  const records = tuples.flatMap(decodeBatch);
  const stamper = createStamper('p', BOOT);
  const ids = new Set<string>();
  for (const record of records) {
    const events = JSON.parse(record.data) as StampedEvent[];
    const [{ clientid, requestid, receivedtime, clientip, useragent }] = events as [StampedEvent];
    const receipt = {
      client: clientid,
      requestId: requestid,
      receivedAt: Date.parse(receivedtime),
      ip: clientip as string,
      userAgent: useragent,
    };
    const [restamped] = stamper.stamp(events.map(factOf), receipt) ?? [];
    // the stamper's own moment, one of this test
    const data = restamped?.data.toString().replaceAll(/(?<="acceptedtime":")[^"]*/g, receivedtime);
    t.equal(record.data, data);
    const { events: decoded, rejected } = decodeRecord(record);
    t.same(rejected, []);
    for (const { event } of decoded) ids.add(event.id);
  }
  t.equal(ids.size, 1_200);
});

/** What the gateway was given. */
function factOf({ specversion, id, source, type, time, subject, data, ...rest }: StampedEvent): Fact {
  const { datacontenttype } = rest;
  const head = { specversion, id, time, datacontenttype, source, type: type as Fact['type'] };
  return subject === undefined ? { ...head, data } : { ...head, subject, data };
}
