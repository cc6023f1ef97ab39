import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runProgram } from '../../../infra/operate/run-program.ts';
import { spoolProgram } from '../../../infra/operate/spool.ts';
import { recordedOutput } from '../../support/recorded-output.ts';
import { DEAD, type FakeKinesis, fakeKinesis, spooled, stampsTo, startNode } from '../../support/spooling.ts';

t.beforeEach((t) => {
  const before = { ...process.env };
  Object.assign(process.env, { AWS_REGION: 'eu-central-1' });
  delete process.env.PISTATS_SPOOL_DIR;
  t.teardown(() => {
    process.env = before;
  });
});

async function run(args: string[], kinesis?: FakeKinesis) {
  const output = recordedOutput();
  const putRecords =
    kinesis && ((_: string, ...call: Parameters<FakeKinesis['put']>) => kinesis.put(...call));
  const code = await runProgram(spoolProgram(output, { putRecords, patienceMs: 500 }), args, output);
  return { code, ...output };
}

/** A dead process's records, and a living one's. */
async function someSpool(t: Parameters<typeof startNode>[0] & { testdir(): string }) {
  const dir = join(t.testdir(), 'spool');
  const away = () => fakeKinesis(() => 'fail');
  const dead = startNode(t, { dir, kinesis: away(), owner: DEAD });
  await dead.send(12);
  const alive = startNode(t, { dir, kinesis: away() });
  await alive.send(3);
  return { dir, dead: dead.boot, alive: alive.boot };
}

t.test('list: who owns it, how much, since when, and what is torn', async (t) => {
  const { dir, dead, alive } = await someSpool(t);
  appendFileSync(join(dir, dead, '00000001.segment'), 'torn');
  const { code, results } = await run(['list', '--spool', dir, '--json']);
  t.equal(code, 0);
  const [first, second] = JSON.parse(results.join('\n'));
  t.match(first, { boot: dead, owner: 'dead', records: 12, events: 12, torn: 4 });
  t.match(first.oldest, /^\d{4}-\d\d-\d\dT.*Z$/);
  t.match(second, { boot: alive, owner: 'alive', pid: process.pid, records: 3, torn: 0 });
  process.env.PISTATS_SPOOL_DIR = dir;
  const table = await run(['list']);
  t.match(
    table.results[0],
    /^boot-\S+\tno process\t12 records\t12 events\t\d+ bytes\tsince \S+\t4 bytes torn$/,
  );
  t.match(table.results[1], new RegExp(`\tprocess ${process.pid}\t3 records`));
  t.notMatch(table.results.join(), /203\.0\.113|acme/, 'nothing of the events');
});

t.test("drain: a dead process's records, in its stamps; a living one's are left to it", async (t) => {
  const { dir, dead, alive } = await someSpool(t);
  const kinesis = fakeKinesis();
  const { code, said } = await run(['drain', '--spool', dir], kinesis);
  t.equal(code, 0);
  t.same([...kinesis.taken.keys()].toSorted(), stampsTo(dead, 12).toSorted());
  t.same((await spooled(dir)).length, 3);
  t.notOk(existsSync(join(dir, dead)));
  t.match(said.join('\n'), `${alive} is left to process ${process.pid}`);
  t.match(said.at(-1), /took 12 records/);
});

t.test('drain: exit 1 when not all are taken, and they stay', async (t) => {
  const { dir } = await someSpool(t);
  const kinesis = fakeKinesis((stamps) => stamps.map((stamp) => !stamp.endsWith(' 7')));
  const { code, said } = await run(['drain', '--spool', dir], kinesis);
  t.equal(code, 1);
  t.match(said.at(-1), /records were not taken; they stay in the spool/);
  t.equal(kinesis.taken.size, 11);
  t.ok((await spooled(dir)).some((stamp) => stamp.endsWith(' 7')));
});

t.test('export: every record as a line, for its owner only; the spool is as before', async (t) => {
  const { dir, dead } = await someSpool(t);
  const out = join(t.testdirName, 'records.ndjson');
  const before = await spooled(dir);
  const { code } = await run(['export', '--spool', dir, '--out', out]);
  t.equal(code, 0);
  const records = readFileSync(out, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.equal(records.length, 15);
  t.match(records[0], { boot: dead, stream: 'stream', events: [{ clientid: 'acme', n: '1' }] });
  t.equal(statSync(out).mode & 0o777, 0o600);
  t.same(await spooled(dir), before);
  const again = await run(['export', '--spool', dir, '--out', out]);
  t.equal(again.code, 2);
  t.match(again.said.at(-1), /exists; give another file/);
});

t.test('what is wrong is said, without a stack trace', async (t) => {
  const dir = join(t.testdir({ file: '' }), 'missing');
  const wrong: [args: string[], code: number, said: RegExp][] = [
    [['drain', '--spool', dir], 2, /there is no folder/],
    [['export', '--spool', dir, '--out', join(dir, 'x')], 2, /there is no folder/],
    [['export', '--spool', t.testdirName], 2, /--out/],
    [['export', '--spool', t.testdirName, '--out', join(dir, 'x')], 2, /can not be written: ENOENT/],
    [['list', '--spool', join(t.testdirName, 'file')], 2, /can not be read: ENOTDIR/],
    [['empty'], 2, /unknown command/],
  ];
  for (const [args, code, sentence] of wrong) {
    const result = await run(args);
    t.equal(result.code, code, args.join(' '));
    t.match(result.said.join('\n'), sentence);
  }
  t.same((await run(['list', '--spool', dir, '--json'])).results, ['[]'], 'no spool yet: nothing in it');
  delete process.env.AWS_REGION;
  delete process.env.AWS_DEFAULT_REGION;
  t.match(await run(['drain', '--spool', t.testdirName]), { code: 2, said: [/AWS_REGION is not set/] });
});

t.test(
  "drain: what the local stack's nodes left goes to its Kinesis, without AWS variables or with a cloud's",
  async (t) => {
    const { dir } = await someSpool(t);
    const PISTATS_RUN = join(t.testdirName, 'run.json');
    const stack = { spoolDir: dir, kinesisUrl: 'http://127.0.0.1:5002' };
    writeFileSync(PISTATS_RUN, JSON.stringify(stack));
    for (const region of [undefined, 'eu-west-1']) {
      Object.assign(process.env, { PISTATS_RUN, AWS_REGION: region });
      if (!region) delete process.env.AWS_REGION;
      delete process.env.AWS_ENDPOINT_URL_KINESIS;
      const { code, said } = await run(['drain'], fakeKinesis());
      t.equal(code, 0, said.join('\n'));
      t.match(said, ['working on the local stack.']);
      t.equal(process.env.AWS_ENDPOINT_URL_KINESIS, stack.kinesisUrl);
    }
  },
);
