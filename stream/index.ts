/**
 * The stream, for operators and tools. What is bundled (plugins, topology) imports the modules one by one: the clients
 * that read are none of the gateway's weight, nor those that write the topology's.
 */
export { type AwsService, locateService } from './aws-service.ts';
export { kinesisSource } from './kinesis-source.ts';
export { fitsRecord, packRecords } from './pack.ts';
export { createPutRecords, type Payload, type PutRecords } from './put-records.ts';
export { FULL_PAGE, openTail, readToTip } from './read-to-tip.ts';
export { MAX_CALL_MS, takeCall } from './send-records.ts';
export { createStamper, partitionKeyOf, type Receipt, type Stamper, stampEvent } from './stamp.ts';
export { type ReadRecord, type StreamSource, ThrottledError, TrimmedError } from './stream-source.ts';
export { createStreamWriter } from './stream-writer.ts';
