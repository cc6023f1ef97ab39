import { join } from 'node:path';
import t from 'tap';
import { auditProgram } from '../../../infra/operate/audit.ts';
import { runProgram } from '../../../infra/operate/run-program.ts';
import { refusesWith } from '../../support/command-line.ts';
import { recordedOutput } from '../../support/recorded-output.ts';

const NOWHERE = 'postgres://user:secret@127.0.0.1:1/x';
const places = (dir: string) => ({
  PISTATS_RUN: join(dir, 'none.json'),
  DATABASE_URL: NOWHERE,
  ANALYTICS_URL: NOWHERE,
  PISTATS_STREAM: 'stream',
  PISTATS_SPOOL_DIR: '',
});

async function run(args: string[], env: Record<string, string>) {
  Object.assign(process.env, env);
  const output = recordedOutput();
  const code = await runProgram(auditProgram(output), args, output);
  return { code, said: output.said, results: output.results };
}

t.test('bad usage: one sentence, exit 2', async (t) => {
  const dir = t.testdir();
  const cases: [string[], RegExp, Record<string, string>?][] = [
    [['--from', 'monday'], /Give a date/],
    [['--from', '2026-01-02', '--to', '2026-01-01'], /--from must lie before --to/],
    [['--grace', 'soon'], /Give seconds/],
    [['--wait', '-1'], /Give seconds/],
    [['--by', 'hour'], /client, minute/],
    [['--spool', join(dir, 'none')], /there is no spool/],
    [['--json', join(dir, 'none', 'file')], /can not be written: ENOENT/],
    [['--everything'], /unknown option/],
    [[], /no registry: give --registry/, { DATABASE_URL: '' }],
    [[], /no analytics database: set ANALYTICS_URL/, { ANALYTICS_URL: '' }],
    [[], /no stream: set PISTATS_STREAM/, { PISTATS_STREAM: '' }],
  ];
  for (const [args, sentence, env] of cases) {
    const { code, said, results } = await run(args, { ...places(dir), ...env });
    t.equal(code, 2, args.join(' '));
    t.match(said, [sentence]);
    t.same([said.length, results], [1, []]);
  }
});

t.test('a database that does not answer: one sentence without its URL, exit 1', async (t) => {
  await refusesWith(t, ['audit'], {
    code: 1,
    sentence: "the registry can't be read: ECONNREFUSED.",
    env: places(t.testdir()),
  });
});
