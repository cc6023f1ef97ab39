import t from 'tap';
import { createProgress } from '../../../infra/local/load/progress.ts';

/** What of a terminal, or of a file, the progress looks at. */
function fakeStream(terminal: { isTTY?: boolean; columns?: number }) {
  const written: string[] = [];
  const stream = { ...terminal, write: (text: string) => written.push(text) > 0 };
  return { written, stream: stream as unknown as NodeJS.WriteStream };
}

t.test('on a terminal the line is written again in its place, and left at the end', async (t) => {
  const { written, stream } = fakeStream({ isTTY: true, columns: 20 });
  const progress = createProgress(stream);
  progress.show(['sent 1']);
  progress.show(['sent 2']);
  progress.end();
  progress.end();
  t.same(written, ['\r\u001b[2Ksent 1', '\r\u001b[2Ksent 2', '\n']);
});

t.test('a line longer than the terminal is cut, so that it never wraps', async (t) => {
  for (const { columns, length } of [
    { columns: 20, length: 19 },
    { columns: undefined, length: 99 },
  ]) {
    const { written, stream } = fakeStream({ isTTY: true, columns });
    createProgress(stream).show(['x'.repeat(200)]);
    t.same(written, [`\r\u001b[2K${'x'.repeat(length)}`]);
  }
});

t.test('what does not fit is left out from the end, whole', async (t) => {
  const { written, stream } = fakeStream({ isTTY: true, columns: 22 });
  createProgress(stream).show(['sent 12', 'answered 9', '30/s', 'x']);
  t.same(written, ['\r\u001b[2Ksent 12 · answered 9']);
});

t.test('elsewhere there is a plain line every two seconds', async (t) => {
  const { written, stream } = fakeStream({});
  const progress = createProgress(stream);
  const realNow = Date.now;
  t.teardown(() => {
    Date.now = realNow;
  });
  for (const ms of [0, 250, 1_999, 2_000, 2_001, 4_500]) {
    Date.now = () => 1_000_000 + ms;
    progress.show([`at ${ms} ms`]);
  }
  progress.end();
  t.same(written, ['at 0 ms\n', 'at 2000 ms\n', 'at 4500 ms\n']);
});

t.test('who showed nothing leaves no line', async (t) => {
  const { written, stream } = fakeStream({ isTTY: true });
  createProgress(stream).end();
  t.same(written, []);
});
