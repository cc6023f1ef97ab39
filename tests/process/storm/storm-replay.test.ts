import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { replayProgram } from '../../../infra/operate/replay.ts';
import { REPLAY_PRODUCER } from '../../../infra/operate/replay-event.ts';
import { openReplayStream } from '../../../infra/operate/replay-stream.ts';
import { runProgram } from '../../../infra/operate/run-program.ts';
import { kinesisSource } from '../../../stream/kinesis-source.ts';
import { analyticsDatabase } from '../../support/analytics-database.ts';
import { idAt, stamped } from '../../support/events.ts';
import { localKinesis } from '../../support/local-kinesis.ts';
import { recordedOutput } from '../../support/recorded-output.ts';
import { startInProcess } from './in-process-topology.ts';

const STREAM = 'replay-test';
const WEEK_AND_A_DAY = 8 * 86_400_000;

/** A stream, a database, and the topology's components between them. */
async function startReplaying(t: Test) {
  const db = await analyticsDatabase(t);
  const kinesis = await localKinesis(t, STREAM, 2);
  Object.assign(process.env, kinesis.env);
  let topology = startInProcess({ source: kinesisSource(STREAM), pool: db.pool });
  t.teardown(() => topology.stop());
  const one = async <T>(sql: string) => (await db.pool.query(sql)).rows[0] as T;
  const books = () =>
    one<Record<'events' | 'duplicates' | 'rejected' | 'remembered', number>>(`select
      (select count(*)::int from events) as events, (select count(*)::int from duplicates) as duplicates,
      (select count(*)::int from rejected_events) as rejected,
      (select count(*)::int from replayed_records) as remembered`);
  return {
    ...db,
    ...kinesis,
    one,
    books,
    untilBooks: (expected: Awaited<ReturnType<typeof books>>) =>
      waitUntil(
        `${JSON.stringify(expected)}`,
        async () => JSON.stringify(await books()) === JSON.stringify(expected),
      ),
    async restartFromTheOldest() {
      await topology.stop();
      await db.pool.query('delete from checkpoints');
      topology = startInProcess({ source: kinesisSource(STREAM), pool: db.pool });
    },
    stopTopology: () => topology.stop(),
    async replay(...args: string[]) {
      const output = recordedOutput();
      const open = () => ({ database: db.url, stream: () => openReplayStream(STREAM) });
      const code = await runProgram(replayProgram(output, open), args, output);
      return { ...output, code };
    },
  };
}

/** The lines of an exported file, by reason. */
function readExport(file: string) {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const all = lines.map((line) => JSON.parse(line) as { source_id: string; reason: string; payload: never });
  return (reason: string) => all.filter((line) => line.reason === reason);
}

t.test(
  'everything that can be rejected is seen, corrected and stored once',
  { timeout: 90_000 },
  async (t) => {
    const run = await startReplaying(t);
    const good = stamped();
    const noType = stamped({ type: 7 as never });
    const noTriple = stamped({ producer: undefined, boot: undefined, n: undefined, type: 8 as never });
    const late = stamped({ id: idAt(new Date().toISOString(), -WEEK_AND_A_DAY) });
    const nul = stamped({ data: { text: 'nul \u0000 and 81.2.69.142' } });
    const cut = JSON.stringify([stamped(), stamped()]);
    await run.put([
      JSON.stringify([good, noType]),
      JSON.stringify([noTriple]),
      JSON.stringify([late]),
      JSON.stringify([nul]),
      cut.slice(0, -1),
      new Uint8Array([0xff, 0x00]),
    ]);
    await run.untilBooks({ events: 1, duplicates: 0, rejected: 6, remembered: 0 });

    const list = await run.replay('list', '--json');
    t.same(
      (JSON.parse(list.results[0] as string) as { reason: string; count: number; client_id: string }[]).map(
        ({ reason, client_id, count }) => [reason, client_id, count],
      ),
      [
        ['clock', 'demo', 1],
        ['decode', null, 2],
        ['invalid', 'demo', 1],
        ['invalid', null, 1],
        ['unstorable', 'demo', 1],
      ],
    );

    // as they are: nothing would be better for it, and nothing changes
    for (const reason of ['decode', 'invalid', 'clock']) {
      const dry = await run.replay('put', '--reason', reason, '--dry-run');
      t.match(dry, { code: 0, said: [/would only be rejected again/, '0 would be put back.'] });
      t.match(await run.replay('put', '--reason', reason), { code: 1 });
    }
    t.same(await run.books(), { events: 1, duplicates: 0, rejected: 6, remembered: 0 });

    const file = join(t.testdir(), 'rejected.ndjson');
    t.equal((await run.replay('export', '--out', file)).code, 0);
    t.equal(statSync(file).mode & 0o777, 0o600);
    t.equal((await run.replay('export', '--out', file)).code, 2, 'no file is written over');
    t.notMatch(readFileSync(file, 'utf8'), /"clientip":"81/);
    const lines = readExport(file);
    const corrected = [
      ...lines('invalid').map(({ source_id, payload }) => ({
        source_id,
        payload: { ...(payload as object), type: 'pistats.registration.created' },
      })),
      ...lines('unstorable').map(({ source_id, payload }) => ({
        source_id,
        payload: { ...(payload as { data: string }), data: '{"text":"mended"}' },
      })),
      ...lines('decode').flatMap(({ source_id, payload }) =>
        (payload as string).startsWith('[') ? [{ source_id, payload: `${payload}]` }] : [],
      ),
    ];
    const mended = join(t.testdir({}), 'mended.ndjson');
    writeFileSync(mended, corrected.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const put = await run.replay('put', '--in', mended);
    t.match(put, { code: 0, said: ['4 put back, 4 of them stored.'] });
    // good, two invalid, the unstorable, and both of the record that was cut
    t.same(await run.books(), { events: 6, duplicates: 0, rejected: 2, remembered: 2 });
    t.match(await run.one(`select event_id, n::int from events where n = ${noType.n}`), {
      event_id: noType.id,
    });
    t.match(await run.one(`select data, country from events where n = ${nul.n}`), {
      data: { text: 'mended' },
    });
    t.match(await run.one(`select event_id, n::int from events where producer = '${REPLAY_PRODUCER}'`), {
      event_id: noTriple.id,
      n: 1,
    });

    const clock = await run.replay('put', '--reason', 'clock', '--new-ids');
    t.match(clock, { code: 0, said: ['1 put back, 1 of them stored.'] });
    const stored = await run.one<{ event_id: string; day: string }>(
      `select event_id, day::text from events where n = ${late.n}`,
    );
    t.not(stored.event_id, late.id);
    t.equal(stored.day, late.receivedtime.slice(0, 10));

    // the same file once more, and the whole stream once more: the books stay as they are
    t.match(await run.replay('put', '--in', mended), {
      code: 0,
      said: [/nothing to do/, '0 put back, 0 of them stored.'],
    });
    const end = { events: 7, duplicates: 0, rejected: 1, remembered: 2 };
    t.same(await run.books(), end);
    await run.restartFromTheOldest();
    await run.put([JSON.stringify([stamped()])]);
    await run.untilBooks({ ...end, events: 8 });
  },
);

t.test(
  'what is put while the topology is down is stored when it is up; a second put is harmless',
  async (t) => {
    const run = await startReplaying(t);
    await run.put([JSON.stringify([stamped({ producer: 'no triple', type: 7 as never })]), '{"x":1']);
    await run.untilBooks({ events: 0, duplicates: 0, rejected: 2, remembered: 0 });
    await run.stopTopology();
    const file = join(t.testdir(), 'rejected.ndjson');
    await run.replay('export', '--out', file, '--reason', 'invalid');
    const [line] = readExport(file)('invalid') as unknown as [{ source_id: string; payload: object }];
    writeFileSync(file, JSON.stringify({ ...line, payload: { ...line.payload, type: 'client.read' } }));
    for (let i = 0; i < 2; i++)
      t.match(await run.replay('put', '--in', file, '--wait', '1'), {
        code: 1,
        said: ['1 put back, 0 of them stored.', /not stored within 1 s: does the topology run/],
      });
    t.same(await run.books(), { events: 0, duplicates: 0, rejected: 2, remembered: 0 }, 'never out of both');
    await run.restartFromTheOldest();
    t.match(await run.replay('put', '--in', file), { code: 0 });
    t.same(await run.books(), { events: 1, duplicates: 0, rejected: 1, remembered: 1 });
  },
);

t.test('bad usage and a database that is away are sentences', async (t) => {
  const output = recordedOutput();
  const database = 'postgres://x:y@127.0.0.1:1/analytics';
  const open = () => ({ database, stream: () => openReplayStream(STREAM) });
  const run = (...args: string[]) => runProgram(replayProgram(output, open), args, output);
  const dir = t.testdir({ 'bad.ndjson': '{"source_id":"x","payload":{}}\n{"payload":{}}\n' });
  t.equal(await run('list'), 3);
  t.match(output.said.pop(), /nothing answers there \(ECONNREFUSED\).* \[database_unreachable\]$/);
  for (const [args, sentence] of [
    [['put'], /give --reason/],
    [['put', '--reason', 'other'], /Allowed choices are decode/],
    [['put', '--reason', 'clock', '--in', 'x'], /takes no --reason/],
    [['put', '--in', join(dir, 'none')], /can not be read: ENOENT/],
    [['put', '--in', join(dir, 'bad.ndjson')], /bad\.ndjson, line 2: a line has source_id and payload/],
    [['list', '--from', 'yesterday'], /Give a date/],
    [['export'], /--out/],
  ] as const) {
    t.equal(await run(...args), 2, args.join(' '));
    t.match(output.said.pop(), sentence);
  }
});
