import { Command, Option } from 'commander';
import {
  driveAllMirrors,
  driveMirrors,
  listMirrors,
  type MirrorSelection,
  type WaitingMirror,
} from './mirror-commands.ts';
import { type Output, runProgram, terminal } from './run-program.ts';
import { describeTarget, findTarget } from './target.ts';

interface MirrorOptions extends MirrorSelection {
  registry?: string;
}

/** `npm run mirror -- show | drive`: what FCM has not been told yet of topics that devices joined or left. */
export function mirrorProgram(output: Output): Command {
  const program = new Command('mirror').description(
    'topics that devices joined or left and that FCM has not been told of yet; the reconcile function never gives one up',
  );
  const connect = (registry: string | undefined): string => {
    const target = findTarget(['registry'], { registry });
    output.say(describeTarget(target));
    return target.registry;
  };
  const withSelection = (command: Command) =>
    command
      .option('--client <name>', 'of this client alone')
      .option('--firebase-project <id>', 'of this Firebase project alone')
      .addOption(
        new Option(
          '--registry <url>',
          "PostgreSQL URL of the registry's owner; else DATABASE_URL, else the local stack",
        ),
      );

  withSelection(program.command('show').description('by client and Firebase project, with what FCM answered'))
    .option('--json', 'as JSON')
    .action(async (options: MirrorOptions & { json?: boolean }) => {
      const waiting = await listMirrors(connect(options.registry), options);
      if (options.json) output.out(JSON.stringify(waiting));
      else if (waiting.length === 0) output.say('FCM has been told everything.');
      else for (const one of waiting) output.out(tableRow(one));
    });

  withSelection(program.command('drive').description('try again at once what was tried in vain'))
    .option('--all', 'tell FCM everything anew: after a backup came back, or when FCM lost something')
    .action(async (options: MirrorOptions & { all?: boolean }) => {
      const url = connect(options.registry);
      const driven = await (options.all ? driveAllMirrors : driveMirrors)(url, options);
      output.say(`${driven} are due; the next run of the reconcile function tells FCM.`);
    });

  return program;
}

function tableRow({ client, firebaseProject, pending, retried, since, due, errors }: WaitingMirror): string {
  const codes = Object.entries(errors).map(([code, rows]) => `${code} × ${rows}`);
  return [
    client,
    firebaseProject ?? 'no Firebase project',
    `${pending} pending`,
    `${retried} tried in vain`,
    `since ${since}`,
    `next try ${due}`,
    codes.join(', ') || '-',
  ].join('\t');
}

if (import.meta.main)
  process.exitCode = await runProgram(mirrorProgram(terminal), process.argv.slice(2), terminal);
