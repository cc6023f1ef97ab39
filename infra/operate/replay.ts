import { Command, InvalidArgumentError, Option } from 'commander';
import pg from 'pg';
import { connectionUrl } from '../../contracts/database-url.ts';
import type { RejectReason } from '../../storm/index.ts';
import { explainDatabaseError } from './database-error.ts';
import { OperatorError } from './errors.ts';
import { parseTime } from './parse-time.ts';
import { readLines, replayLine, writeLines } from './replay-file.ts';
import { type PutResult, putBack, type Replay } from './replay-put.ts';
import { countRejected, type RejectedFilter, rejectedById, rejectedPages } from './replay-rows.ts';
import { openReplayStream, type ReplayStream } from './replay-stream.ts';
import { type Output, runProgram, terminal } from './run-program.ts';
import { describeTarget, findTarget } from './target.ts';

const REASONS: RejectReason[] = ['decode', 'invalid', 'clock', 'unstorable'];
/** Lines of a file that are put and waited for together. */
const LINES_AT_A_TIME = 200;
const SHOWN_REFUSALS = 20;

interface PutCommand extends RejectedFilter {
  in?: string;
  dryRun?: boolean;
  newIds?: boolean;
  wait: number;
}

/** Where the rejected events are, and the stream that they go back to. */
export type OpenPlace = (needs: ('analytics' | 'stream')[]) => { database: string; stream(): ReplayStream };

const openPlace =
  (output: Output): OpenPlace =>
  (needs) => {
    const target = findTarget(needs);
    output.say(describeTarget(target));
    return { database: target.analytics, stream: () => openReplayStream(target.stream) };
  };

/** `npm run replay -- list | export | put`: what the stream held and the tables could not take, put back. */
export function replayProgram(output: Output, open: OpenPlace = openPlace(output)): Command {
  const program = new Command('replay').description('events in rejected_events: see, take out, put back');
  const filtered = (command: Command) =>
    command
      .addOption(new Option('--reason <reason>', 'rejected for this reason').choices(REASONS))
      .option('--client <name>', 'of this client; a record that could not be decoded is of none')
      .option('--from <time>', 'rejected at or after (2026-01-31, or RFC 3339)', parseTime)
      .option('--to <time>', 'rejected before', parseTime);

  filtered(program.command('list'))
    .description('how many, by reason, client and the version of the code that rejected them')
    .option('--json', 'as JSON')
    .action((filter: RejectedFilter & { json?: boolean }) =>
      withDatabase(open(['analytics']).database, async (pool) => {
        const counts = await countRejected(pool, filter);
        if (filter.json) return output.out(JSON.stringify(counts));
        if (counts.length === 0) output.say('nothing is rejected.');
        for (const { count, reason, client_id, code_version, oldest, newest } of counts)
          output.out(
            [count, reason, client_id ?? '-', code_version, oldest.toISOString(), newest.toISOString()].join(
              '\t',
            ),
          );
      }),
    );

  filtered(program.command('export'))
    .description('write them to a file, a line of JSON each: source_id, reason, detail, payload, …')
    .requiredOption('--out <file>', 'a new file')
    .action((options: RejectedFilter & { out: string }) =>
      withDatabase(open(['analytics']).database, async (pool) => {
        const count = await writeLines(options.out, exportLines(pool, options));
        output.say(
          `${count} rejected events are in ${options.out}; they stay rejected until they are put back.`,
        );
      }),
    );

  filtered(program.command('put'))
    .description(
      'put them back on the stream, as they are or as a file has them. Each leaves rejected_events when it is stored; a second put changes nothing',
    )
    .option('--in <file>', 'lines of "export" with corrected payloads, instead of --reason')
    .option('--new-ids', 'rejected for their clock: give them ids of the time the gateway received them')
    .option('--dry-run', 'only say what would be put and what would be refused')
    .option('--wait <seconds>', 'how long to wait until they are stored', parseSeconds, 60)
    .action((options: PutCommand) => put(options, output, open));

  return program;
}

async function put(options: PutCommand, output: Output, open: OpenPlace): Promise<void> {
  if (!options.in && !options.reason)
    throw new OperatorError(
      'usage',
      'give --reason for what is put back as it is, or --in for a corrected file.',
    );
  if (options.in && (options.reason || options.client || options.from || options.to))
    throw new OperatorError(
      'usage',
      '--in names the events itself: it takes no --reason, --client, --from or --to.',
    );
  const lines = options.in ? await readLines(options.in) : undefined;
  const total: PutResult = { put: 0, settled: 0, refused: [] };
  const place = open(options.dryRun ? ['analytics'] : ['analytics', 'stream']);
  let stream: ReplayStream | undefined;
  const connected = () => {
    stream ??= place.stream();
    return stream;
  };
  await withDatabase(place.database, async (pool) => {
    const pages = lines ? linePages(pool, lines, output) : rowPages(pool, options);
    const { dryRun = false, newIds = false, wait } = options;
    for await (const page of pages) {
      const result = await putBack({ pool, stream: connected, dryRun, newIds, waitMs: wait * 1_000 }, page);
      total.put += result.put;
      total.settled += result.settled;
      total.refused.push(...result.refused);
    }
  });
  report(total, options, output);
}

function report({ put, settled, refused }: PutResult, { dryRun, wait }: PutCommand, output: Output): void {
  for (const { source_id, reason } of refused.slice(0, SHOWN_REFUSALS)) output.out(`${source_id}\t${reason}`);
  if (refused.length > 0)
    output.say(
      `${refused.length} would only be rejected again and were left: correct them (export, put --in).`,
    );
  if (dryRun) {
    output.say(`${put} would be put back.`);
    return;
  }
  output.say(`${put} put back, ${settled} of them stored.`);
  if (settled < put)
    throw new OperatorError(
      'not_stored',
      `${put - settled} are not stored within ${wait} s: does the topology run? Putting them again is harmless.`,
    );
  if (refused.length > 0) throw new OperatorError('still_rejected', 'not everything could be put back.');
}

async function* exportLines(pool: pg.Pool, filter: RejectedFilter): AsyncGenerator<string> {
  for await (const rows of rejectedPages(pool, filter)) yield* rows.map(replayLine);
}

async function* rowPages(pool: pg.Pool, filter: RejectedFilter): AsyncGenerator<Replay[]> {
  for await (const rows of rejectedPages(pool, filter)) yield rows.map((row) => ({ row, correction: row }));
}

async function* linePages(
  pool: pg.Pool,
  lines: Awaited<ReturnType<typeof readLines>>,
  output: Output,
): AsyncGenerator<Replay[]> {
  for (let at = 0; at < lines.length; at += LINES_AT_A_TIME) {
    const page = lines.slice(at, at + LINES_AT_A_TIME);
    const rows = await rejectedById(
      pool,
      page.map(({ source_id }) => source_id),
    );
    const gone = page.filter(({ source_id }) => !rows.has(source_id)).length;
    if (gone > 0) output.say(`${gone} of the file are not rejected (any more): nothing to do for them.`);
    yield page.flatMap((correction) => {
      const row = rows.get(correction.source_id);
      return row ? [{ row, correction }] : [];
    });
  }
}

async function withDatabase(url: string, work: (pool: pg.Pool) => Promise<void>): Promise<void> {
  const pool = new pg.Pool({ connectionString: connectionUrl(url), max: 2, connectionTimeoutMillis: 5_000 });
  pool.on('error', () => {});
  try {
    await work(pool);
  } catch (error) {
    throw error instanceof OperatorError
      ? error
      : (explainDatabaseError('analytics database', error) ?? error);
  } finally {
    await pool.end();
  }
}

function parseSeconds(value: string): number {
  const seconds = Number(value);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 3_600)
    throw new InvalidArgumentError('Give 1 to 3600 seconds.');
  return seconds;
}

if (import.meta.main)
  process.exitCode = await runProgram(replayProgram(terminal), process.argv.slice(2), terminal);
