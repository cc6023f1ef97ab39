import { join } from 'node:path';
import t from 'tap';
import { auditProgram } from '../../../infra/operate/audit.ts';
import { runProgram } from '../../../infra/operate/run-program.ts';
import { recordedOutput } from '../../support/recorded-output.ts';

const NOWHERE = 'postgres://user:secret@127.0.0.1:1/x';
const places = (dir: string) => ({
  PISTATS_RUN: join(dir, 'none.json'),
  DATABASE_URL: NOWHERE,
  ANALYTICS_URL: NOWHERE,
  PISTATS_STREAM: 'stream',
  PISTATS_SPOOL_DIR: '',
  AWS_REGION: 'eu-central-1',
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
    [
      [],
      /set DATABASE_URL \(or --registry\), or start the local stack\. \[no_target\]$/,
      { DATABASE_URL: '' },
    ],
    [[], /set ANALYTICS_URL, or start/, { ANALYTICS_URL: '' }],
    [[], /set PISTATS_STREAM, or start/, { PISTATS_STREAM: '' }],
    [[], /AWS_REGION is not set\. \[aws_settings\]/, { AWS_REGION: '', AWS_DEFAULT_REGION: '' }],
  ];
  for (const [args, sentence, env] of cases) {
    const { code, said, results } = await run(args, { ...places(dir), ...env });
    t.equal(code, 2, args.join(' '));
    t.match(said, [sentence]);
    t.same([said.length, results], [1, []]);
  }
});

t.test('a database that does not answer: one sentence without its URL, exit 3', async (t) => {
  const { code, said } = await run([], places(t.testdir()));
  t.equal(code, 3);
  t.same(said, [
    'working on registry 127.0.0.1:1/x, analytics 127.0.0.1:1/x, stream stream (eu-central-1).',
    'the registry: nothing answers there (ECONNREFUSED). [database_unreachable]',
  ]);
});
