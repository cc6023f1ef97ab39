import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { failureLine } from '../../contracts/failure-log.ts';

/** Storm's multilang protocol (JSON messages over stdio, each closed by a line `end`), from the shell side. */
const SEPARATOR = '\nend\n';

/** The first message Storm sends. */
export interface Handshake {
  conf: Record<string, unknown>;
  /** the supervisor ends the pids whose files it finds here */
  pidDir: string;
  context: {
    taskid: number;
    componentid: string;
    'task->component': Record<string, string>;
    [key: string]: unknown;
  };
}

/** Log levels of the protocol (org.apache.storm.utils.ShellUtils). */
export const LOG_LEVELS = { trace: 0, debug: 1, info: 2, warn: 3, error: 4 } as const;
export type LogLevel = keyof typeof LOG_LEVELS;

/** The streams and process functions the protocol uses; tests pass their own. */
export interface Stdio {
  stdin: Readable;
  stdout: Writable;
  pid: number;
  exit(code: number): void;
}

export interface Channel {
  /** Queues a message; the messages of one turn of the event loop leave in one write. */
  send(message: unknown): void;
  flush(): void;
}

/**
 * Splits what comes in at the separators, however the pipe cuts it, and gives each parsed message to `onMessage`.
 * The process ends with its stdin: the worker that started it is gone, and two of us must not read one shard.
 */
export function openChannel(stdio: Stdio, onMessage: (message: unknown) => void): Channel {
  const decoder = new StringDecoder('utf8');
  let buffered = '';
  let searchFrom = 0;
  let outgoing: string[] = [];
  let scheduled = false;

  const flush = () => {
    scheduled = false;
    if (outgoing.length === 0) return;
    const text = outgoing.join('');
    outgoing = [];
    stdio.stdout.write(text);
  };
  stdio.stdin.on('data', (chunk: Buffer) => {
    buffered += decoder.write(chunk);
    let start = 0;
    let end = buffered.indexOf(SEPARATOR, searchFrom);
    while (end >= 0) {
      onMessage(JSON.parse(buffered.slice(start, end)));
      start = end + SEPARATOR.length;
      end = buffered.indexOf(SEPARATOR, start);
    }
    if (start > 0) buffered = buffered.slice(start);
    // the separator itself may be cut in two
    searchFrom = Math.max(0, buffered.length - SEPARATOR.length);
  });
  stdio.stdin.on('end', () => stdio.exit(0));
  stdio.stdout.on('error', () => stdio.exit(1));
  return {
    send(message) {
      // Storm's own reader (json-smart, permissive) leaves a raw U+007F out of a string
      outgoing.push(JSON.stringify(message).replaceAll('\u007f', '\\u007f'), SEPARATOR);
      if (scheduled) return;
      scheduled = true;
      setImmediate(flush);
    },
    flush,
  };
}

/** Answers the handshake: the pid file first, so that a supervisor can always end what it started. */
export function answerHandshake(channel: Channel, stdio: Stdio, handshake: Handshake): void {
  writeFileSync(join(handshake.pidDir, String(stdio.pid)), '');
  channel.send({ pid: stdio.pid });
  channel.flush();
}

/** stdout is the protocol's: whatever prints goes to stderr, and a fault ends the process with its reason there. */
export function processStdio(): Stdio {
  for (const level of ['log', 'info', 'debug', 'warn', 'error', 'trace'] as const)
    console[level] = (...values: unknown[]) => {
      process.stderr.write(`${values.map(String).join(' ')}\n`);
    };
  const die = (fault: unknown) => {
    process.stderr.write(`${failureLine('topology', 'component_died', fault)}\n`);
    process.exit(1);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    pid: process.pid,
    exit: (code) => process.exit(code),
  };
}
