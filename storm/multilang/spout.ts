import { failureLine } from '../../contracts/failure-log.ts';
import {
  answerHandshake,
  type Handshake,
  LOG_LEVELS,
  type LogLevel,
  openChannel,
  processStdio,
  type Stdio,
} from './channel.ts';

export interface SpoutOutput {
  /** Only inside `nextTuple`: Storm reads a spout's output only while it waits for the answer to a command. */
  emit(values: unknown[], id: string): void;
  /** Kept until Storm listens again, so it may be called at any time. */
  log(message: string, level?: LogLevel): void;
}

export interface Spout {
  nextTuple(): void;
  ack(id: string): void;
  fail(id: string): void;
  activate(): void;
  deactivate(): void;
}

interface Command {
  command: 'next' | 'ack' | 'fail' | 'activate' | 'deactivate';
  id: string;
}

/** Log lines that wait for Storm; the oldest go first when Storm never asks. */
const MAX_PENDING_LOGS = 1_000;

/** Runs a spout until stdin ends; every command is answered at once with `sync`, also while the spout still opens. */
export function runSpout(
  open: (handshake: Handshake, output: SpoutOutput) => Spout | Promise<Spout>,
  stdio: Stdio = processStdio(),
): void {
  let started = false;
  let spout: Spout | undefined;
  /** the last of activate and deactivate that came before the spout was open */
  let early: 'activate' | 'deactivate' | undefined;
  const logs: unknown[] = [];
  const output: SpoutOutput = {
    emit: (tuple, id) => channel.send({ command: 'emit', id, tuple, need_task_ids: false }),
    log: (msg, level = 'info') => {
      if (logs.length >= MAX_PENDING_LOGS) logs.shift();
      logs.push({ command: 'log', msg, level: LOG_LEVELS[level] });
    },
  };
  const channel = openChannel(stdio, (message) => {
    if (!started) {
      started = true;
      answerHandshake(channel, stdio, message as Handshake);
      void start(message as Handshake);
      return;
    }
    if (Array.isArray(message)) return;
    dispatch(message as Command);
    for (const line of logs.splice(0)) channel.send(line);
    channel.send({ command: 'sync' });
    channel.flush();
  });

  async function start(handshake: Handshake): Promise<void> {
    try {
      const opened = await open(handshake, output);
      if (early) opened[early]();
      spout = opened;
    } catch (error) {
      console.error(failureLine('spout', 'open_failed', error));
      stdio.exit(1);
    }
  }

  function dispatch({ command, id }: Command): void {
    if (!spout) {
      if (command === 'activate' || command === 'deactivate') early = command;
    } else if (command === 'next') spout.nextTuple();
    else if (command === 'ack' || command === 'fail') spout[command](id);
    else if (command === 'activate' || command === 'deactivate') spout[command]();
  }
}
