import fc from 'fast-check';
import t from 'tap';
import { Consumer, ExitArgs, RpcCall, RpcReturn, StringBox } from '../../../kong/protocol/plugin-messages.ts';
import {
  decodeMessage,
  decodeValue,
  encodeMessage,
  encodeValue,
  type Json,
} from '../../../kong/protocol/protobuf.ts';

const hex = (text: string) => Buffer.from(text, 'hex');

// bytes recorded between Kong 3.9.3 and a Go plugin
t.test('the recorded messages', async (t) => {
  const handle = hex('a2020a080712066163636573730803');
  const command = { sequence: 3, cmd_handle_event: { instance_id: 7, event_name: 'access' } };
  t.match(decodeMessage(RpcCall, handle), command);
  const again = decodeMessage(RpcCall, encodeMessage(RpcCall, command));
  t.match(again, command);

  const started = decodeMessage(RpcReturn, hex('08028a02110a07676f68656c6c6f100720bca88fd806'));
  t.match(started, {
    sequence: 2,
    instance_status: { name: 'gohello', instance_id: 7, started_at: 1795413052 },
  });

  const exit = hex(
    '08c801121e7b22676f223a22626f62222c226d657373616765223a2273616c7574227d1a280a260a0c636f6e74656e742d74797065121632140a121a106170706c69636174696f6e2f6a736f6e',
  );
  const { status, body, headers } = decodeMessage(ExitArgs, exit);
  t.equal(status, 200);
  t.equal((body as Buffer).toString(), '{"go":"bob","message":"salut"}');
  t.same(headers, { 'content-type': ['application/json'] });
  t.equal(
    Buffer.from(encodeMessage(ExitArgs, { status, body, headers })).toString('hex'),
    exit.toString('hex'),
  );

  t.same(decodeMessage(StringBox, hex('0a05782d77686f')), { v: 'x-who' });
  t.equal(encodeMessage(StringBox, { v: 'bob' }).toString('hex'), '0a03626f62');
});

t.test('nil is an empty frame, and a Value says null by name', async (t) => {
  t.equal(encodeMessage(StringBox, { v: undefined }).length, 0);
  t.equal(encodeValue(undefined).toString('hex'), '0801');
  t.equal(decodeValue(hex('0801')), null);
});

const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true }),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

t.test('any JSON value survives', async (t) => {
  fc.assert(
    fc.property(json, (value) => t.same(decodeValue(encodeValue(value)), value)),
    { numRuns: 200 },
  );
});

t.test('any consumer survives, and negative numbers too', async (t) => {
  const consumer = fc.record({
    id: fc.uuid(),
    created_at: fc.integer(),
    username: fc.string({ unit: 'binary' }),
    custom_id: fc.string(),
    tags: fc.array(fc.string()),
  });
  fc.assert(
    fc.property(consumer, (value) => t.same(decodeMessage(Consumer, encodeMessage(Consumer, value)), value)),
  );
});

t.test('any bytes decode or are refused, never more', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      for (const decode of [() => decodeMessage(ExitArgs, bytes), () => decodeValue(bytes)])
        try {
          decode();
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
        }
    }),
    { numRuns: 2000 },
  );
  t.pass('no other error');
});
