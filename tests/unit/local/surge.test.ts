import { join } from 'node:path';
import t from 'tap';
import { readSurgeFile } from '../../../infra/local/load/surge-file.ts';
import { mediaEventDay, PEAK_TO_MEDIAN, schedule } from '../../../infra/local/load/surge-model.ts';

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
const minuteOf = (weights: number[], from: number, to: number) => {
  const part = weights.slice(from, to);
  return from + part.indexOf(Math.max(...part));
};

t.test('the built-in day has the shape it was derived from', async (t) => {
  const day = mediaEventDay();
  t.equal(day.length, 24 * 60);
  t.ok(day.every((weight) => weight >= 1 && Number.isFinite(weight)));
  const ratio = Math.max(...day) / median(day);
  t.ok(Math.abs(ratio - PEAK_TO_MEDIAN) < 0.5, `peak to median ${ratio}`);
  const afternoon = minuteOf(day, 0, 19 * 60);
  t.ok(Math.abs(afternoon - 16 * 60) <= 10, `the first hump is at minute ${afternoon}`);
  const evening = minuteOf(day, 19 * 60, day.length);
  t.ok(Math.abs(evening - (21 * 60 + 40)) <= 10, `the second hump is at minute ${evening}`);
  t.ok((day[evening] as number) > (day[afternoon] as number), 'the evening is the peak of the day');
});

for (const { name, weights, count, durationMs } of [
  { name: 'the built-in day', weights: mediaEventDay(), count: 5_000, durationMs: 10_000 },
  { name: 'fewer requests than minutes', weights: mediaEventDay(), count: 7, durationMs: 10_000 },
  { name: 'one request', weights: [3], count: 1, durationMs: 1_000 },
  {
    name: 'minutes without requests, first and last ones too',
    weights: [0, 0, 5, 0, 1, 0],
    count: 60,
    durationMs: 600,
  },
]) {
  t.test(`a schedule of ${name}: the exact count, ascending, within the duration`, async (t) => {
    const moments = schedule(weights, count, durationMs);
    t.equal(moments.length, count);
    t.ok(
      moments.every((moment, index) => index === 0 || moment >= (moments[index - 1] as number)),
      'ascending',
    );
    t.ok(
      moments.every((moment) => moment >= 0 && moment <= durationMs),
      'within',
    );
    const step = durationMs / weights.length;
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let minute = 0; minute < weights.length; minute += Math.ceil(weights.length / 24)) {
      const at = (edge: number) => moments.filter((moment) => moment < edge * step).length;
      const share = ((weights[minute] as number) / total) * count;
      const inMinute = at(minute + 1) - at(minute);
      t.ok(
        Math.abs(inMinute - share) <= 1,
        `minute ${minute} has ${inMinute} requests for a share of ${share}`,
      );
    }
  });
}

t.test('the mean of a schedule is where the mean of its shape is', async (t) => {
  const weights = mediaEventDay();
  const moments = schedule(weights, 10_000, 1_440);
  const mean = moments.reduce((sum, moment) => sum + moment, 0) / moments.length;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const expected = weights.reduce((sum, weight, minute) => sum + weight * (minute + 0.5), 0) / total;
  t.ok(Math.abs(mean - expected) < 1, `${mean} for ${expected}`);
});

t.test('a surge file gives its weights', async (t) => {
  const dir = t.testdir({
    'good.csv': 'minute,requests\n00:00,5\n00:01,0\n9:02,7.5\n',
    'numbers.csv': '0,1\n1,2\n',
    'comments.csv': '# a day\n00:00,5 # the first\n\n   \n00:01 , 6\n',
    'windows.csv': '\ufeffminute,requests\r\n00:00,5\r\n00:01,6\r\n',
  });
  for (const [file, weights] of [
    ['good.csv', [5, 0, 7.5]],
    ['numbers.csv', [1, 2]],
    ['comments.csv', [5, 6]],
    ['windows.csv', [5, 6]],
  ] as const)
    t.same(readSurgeFile(join(dir, file)), weights, file);
});

t.test('a surge file that can not be used is named with the reason', async (t) => {
  const dir = t.testdir({
    'words.csv': '# a day\n00:00,5\n00:01,many\n',
    'negative.csv': '00:00,-1\n',
    'semicolons.csv': `${'9'.repeat(200)};5\n`,
    'nothing.csv': '# only a comment\n',
    'zeros.csv': '00:00,0\n00:01,0\n',
    'empty.csv': '',
  });
  for (const [file, reason] of [
    ['words.csv', 'words.csv, line 3: "00:01,many" is not minute,requests.'],
    ['negative.csv', 'negative.csv, line 1: "00:00,-1" is not minute,requests.'],
    ['semicolons.csv', `semicolons.csv, line 1: "${'9'.repeat(60)}" is not minute,requests.`],
    ['nothing.csv', 'nothing.csv holds no minute with requests.'],
    ['zeros.csv', 'zeros.csv holds no minute with requests.'],
    ['empty.csv', 'empty.csv holds no minute with requests.'],
  ] as const)
    t.throws(
      () => readSurgeFile(join(dir, file)),
      { name: 'StopError', exitCode: 2, message: join(dir, reason) },
      file,
    );
  for (const [file, code] of [
    ['missing.csv', 'ENOENT'],
    ['.', 'EISDIR'],
  ] as const) {
    const path = join(dir, file);
    const message = `the surge file ${path} can not be read: ${code}.`;
    t.throws(() => readSurgeFile(path), { name: 'StopError', exitCode: 2, message });
  }
});
