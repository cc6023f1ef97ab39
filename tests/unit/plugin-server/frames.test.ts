import t from 'tap';
import { FrameReader, frame } from '../../../kong/plugin-server/frames.ts';
import { frameOf } from '../../support/fake-kong.ts';

const texts = (frames: Buffer[]) => frames.map(String);

t.test('a frame is a little-endian length and the payload', async (t) => {
  t.same([...frame('ab')], [2, 0, 0, 0, 97, 98]);
  t.same([...frame('')], [0, 0, 0, 0]);
  t.same([...frame(Buffer.from('é'))], [2, 0, 0, 0, 0xc3, 0xa9]);
  t.equal(frame(Buffer.alloc(70_000)).readUInt32LE(), 70_000);
});

t.test('two frames cut at every byte arrive whole and in order', async (t) => {
  const stream = Buffer.concat([frameOf('first'), frameOf(''), frameOf('the second')]);
  for (let cut = 0; cut <= stream.length; cut++) {
    const reader = new FrameReader(100);
    const frames = [...reader.push(stream.subarray(0, cut)), ...reader.push(stream.subarray(cut))];
    t.same(texts(frames), ['first', '', 'the second'], `cut after ${cut} bytes`);
  }
});

t.test('a stream that comes byte by byte', async (t) => {
  const reader = new FrameReader(100);
  const stream = Buffer.concat([frameOf('kong.request.get_header'), frameOf('\n\x05x-who'), frameOf('')]);
  const frames: Buffer[] = [];
  for (const byte of stream) frames.push(...reader.push(Buffer.of(byte)));
  t.same(texts(frames), ['kong.request.get_header', '\n\x05x-who', '']);
});

t.test('many frames in one chunk, the last one incomplete', async (t) => {
  const reader = new FrameReader(100);
  const stream = Buffer.concat(Array.from({ length: 1000 }, (_, i) => frameOf(`frame ${i}`)));
  const frames = reader.push(stream.subarray(0, -1));
  t.equal(frames.length, 999);
  t.equal(String(frames[998]), 'frame 998');
  t.same(texts(reader.push(stream.subarray(-1))), ['frame 999']);
});

t.test('a large frame in chunks of a pipe, and the frame behind it', async (t) => {
  const body = Buffer.alloc(512 * 1024, 'pistats ');
  const stream = Buffer.concat([frameOf(body), frameOf('next')]);
  const reader = new FrameReader(1024 * 1024);
  const frames: Buffer[] = [];
  for (let at = 0; at < stream.length; at += 65_536)
    frames.push(...reader.push(stream.subarray(at, at + 65_536)));
  t.equal(frames.length, 2);
  t.ok(frames[0]?.equals(body));
  t.equal(String(frames[1]), 'next');
});

t.test('a frame at the limit is taken, one above it is refused as soon as its length is known', async (t) => {
  t.same(texts(new FrameReader(5).push(frameOf('12345'))), ['12345']);
  t.throws(() => new FrameReader(5).push(frameOf('123456').subarray(0, 4)), RangeError);
  const reader = new FrameReader(5);
  t.same(reader.push(Buffer.of(6, 0, 0)), []);
  t.throws(() => reader.push(Buffer.of(0)), { message: 'a frame of 6 bytes is above 5' });
  t.throws(() => new FrameReader(8).push(Buffer.from('GET / HTTP/1.1\r\n')), RangeError);
});
