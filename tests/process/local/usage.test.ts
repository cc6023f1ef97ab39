import { join } from 'node:path';
import t from 'tap';
import { refusesWith, runCommand } from '../../support/command-line.ts';

const dir = t.testdir({
  'surge.csv': 'minute,requests\n00:00,5\n00:01,many\n',
  'input.jsonl': '{"property":"www"}\n{"property":\n',
  'nothing.csv': '# nothing\n',
  'nothing.jsonl': '',
});
const file = (name: string) => join(dir, name);

interface Usage {
  args: string[];
  code?: number;
  sentence: string | RegExp;
}

const USAGES: Usage[] = [
  {
    args: ['strat'],
    code: 2,
    sentence: /^pistats: unknown command "strat"; there are: start, setup, test, [a-z:, ]+\.\n$/,
  },
  { args: ['toString'], code: 2, sentence: /^pistats: unknown command "toString"; there are: / },
  { args: [], code: 2, sentence: /^pistats: unknown command ""; there are: / },
  { args: ['start', '--fast'], sentence: "Unknown option '--fast'. See README.md for the options." },
  { args: ['start', 'now'], sentence: "Unexpected argument 'now'. See README.md for the options." },
  {
    args: ['start', '--surge'],
    sentence: /^pistats: Option '--surge <value>' argument missing\. See README\.md /,
  },
  {
    args: ['start', '--once=yes'],
    sentence: /^pistats: Option '--once' does not take an argument\. See README\.md /,
  },
  ...['0', 'x', '1.5', '-3', '', 'Infinity'].map((value) => ({
    args: ['start', `--registrations=${value}`],
    sentence: `--registrations takes a whole number from 1, not "${value}".`,
  })),
  {
    args: ['start', '--gateway', 'nginx'],
    sentence: '--gateway takes embedded or kong, not "nginx".',
  },
  {
    args: ['start', '--gateway', 'kong'],
    sentence: 'there is no Kong: install Kong 3.9, or set KONG_BIN to its kong command.',
  },
  {
    args: ['start', '--surge', file('missing.csv')],
    sentence: `the surge file ${file('missing.csv')} can not be read: ENOENT.`,
  },
  {
    args: ['start', '--surge', file('surge.csv')],
    sentence: `${file('surge.csv')}, line 3: "00:01,many" is not minute,requests.`,
  },
  {
    args: ['start', '--surge', file('nothing.csv')],
    sentence: `${file('nothing.csv')} holds no minute with requests.`,
  },
  {
    args: ['start', '--input', file('missing.jsonl')],
    sentence: `the input file ${file('missing.jsonl')} can not be read: ENOENT.`,
  },
  {
    args: ['start', '--input', file('input.jsonl')],
    sentence: `${file('input.jsonl')}, line 2 is not JSON.`,
  },
  {
    args: ['start', '--input', file('nothing.jsonl')],
    sentence: `${file('nothing.jsonl')} holds no registration body.`,
  },
  {
    args: ['start', '--json', file('no/folder/table.json')],
    sentence: `--json ${file('no/folder/table.json')} can not be written: ENOENT.`,
  },
  { args: ['faults', '--fast'], sentence: "Unknown option '--fast'. There are --only, --seed and --doc." },
  ...['x', '-1', '1.5'].map((seed) => ({
    args: ['faults', `--seed=${seed}`],
    sentence: `--seed takes a whole number from 0, not "${seed}".`,
  })),
  {
    args: ['faults', '--doc', file('nothing.csv')],
    sentence: `${file('nothing.csv')} has no lines <!-- faults --> and <!-- /faults --> for a table.`,
  },
  {
    args: ['faults', '--doc', 'docs/faults.md', '--only', 'Redis'],
    sentence: '--doc is for a run of all faults, without --only.',
  },
  { args: ['start', '--json', dir], sentence: `--json ${dir} can not be written: EISDIR.` },
];

for (const { args, code = 2, sentence } of USAGES)
  t.test(`${args.join(' ').replaceAll(dir, '…') || 'no command'}: one sentence`, (t) =>
    refusesWith(t, args, { code, sentence }),
  );

for (const command of [
  'start',
  'test',
  'bench',
  'faults',
  'gateway',
  'audit',
  'replay',
  'clients',
  'keys',
  'spool',
  'deck',
])
  t.test(`${command} --help: its options, and nothing is set up`, async (t) => {
    const { code, stdout, stderr } = await runCommand(t, [command, '--help']);
    t.match(stdout, /^Usage: /);
    t.equal(stderr, '');
    t.equal(code, 0);
  });

t.test('PISTATS_DATA that can not be written: one sentence', async (t) => {
  for (const [data, why] of [
    [file('surge.csv'), 'it, or what it lies in, is a file'],
    [file('surge.csv/below'), 'it, or what it lies in, is a file'],
    ['/proc/pistats', '[^.]+'],
  ])
    await refusesWith(t, ['start'], {
      env: { PISTATS_DATA: data },
      code: 2,
      sentence: new RegExp(
        `^pistats: PISTATS_DATA: ${data} can not be written: ${why}\\. Name a folder that can\\.\n$`,
      ),
    });
});

for (const port of ['abc', '0', '70000', '80.5', '-1'])
  t.test(`PISTATS_PORT=${port}: one sentence`, (t) =>
    refusesWith(t, ['start'], {
      env: { PISTATS_PORT: port },
      code: 2,
      sentence: `PISTATS_PORT must be a port, not "${port}".`,
    }),
  );
