import { createFailureLog, failureLine, framesOf } from '../../contracts/failure-log.ts';
import {
  answerHandshake,
  type Channel,
  type Handshake,
  LOG_LEVELS,
  type LogLevel,
  openChannel,
  processStdio,
  type Stdio,
} from './channel.ts';

/** A tuple as Storm hands it to a bolt. */
export interface Tuple {
  id: string;
  comp: string | null;
  stream: string;
  task: number;
  tuple: unknown[];
}

/** What a bolt may tell Storm, at any time. */
export interface BoltOutput {
  emit(values: unknown[], anchors: string[]): void;
  ack(id: string): void;
  fail(id: string): void;
  log(message: string, level?: LogLevel): void;
}

export interface Bolt {
  /** Must return soon: the heartbeat is answered on the same event loop. A throw fails the tuple. */
  process(tuple: Tuple): void;
}

/**
 * Runs a bolt until stdin ends. `prepare` may take its time (a file, a first connection): tuples that come
 * meanwhile wait, heartbeats do not. A bolt that can't be prepared ends the process.
 */
export function runBolt(
  prepare: (handshake: Handshake, output: BoltOutput) => Bolt | Promise<Bolt>,
  stdio: Stdio = processStdio(),
): void {
  let started = false;
  let bolt: Bolt | undefined;
  const waiting: Tuple[] = [];
  const channel = openChannel(stdio, (message) => {
    if (!started) {
      started = true;
      answerHandshake(channel, stdio, message as Handshake);
      void start(message as Handshake);
      return;
    }
    if (Array.isArray(message)) return; // task ids of an emit; never asked for
    const tuple = message as Tuple;
    if (tuple.stream === '__heartbeat') channel.send({ command: 'sync' });
    else if (bolt) dispatch(bolt, tuple);
    else waiting.push(tuple);
  });
  const output = boltOutput(channel);
  let service = 'bolt';
  let report = reportAs(service);

  function reportAs(name: string) {
    return createFailureLog({ service: name, write: (line) => output.log(line, 'error') });
  }

  async function start(handshake: Handshake): Promise<void> {
    service = handshake.context.componentid;
    report = reportAs(service);
    try {
      const prepared = await prepare(handshake, output);
      bolt = prepared;
      for (const tuple of waiting.splice(0)) dispatch(prepared, tuple);
    } catch (error) {
      channel.send({ command: 'error', msg: failureLine(service, 'prepare_failed', error) });
      channel.flush();
      stdio.exit(1);
    }
  }

  function dispatch(target: Bolt, tuple: Tuple): void {
    if (tuple.stream === '__tick') {
      output.ack(tuple.id);
      return;
    }
    try {
      target.process(tuple);
    } catch (error) {
      report('tuple_not_processed', error, () => ({ frames: framesOf(error) }));
      output.fail(tuple.id);
    }
  }
}

function boltOutput(channel: Channel): BoltOutput {
  return {
    // without need_task_ids Storm would answer each emit with a message of its own
    emit: (tuple, anchors) => channel.send({ command: 'emit', anchors, tuple, need_task_ids: false }),
    ack: (id) => channel.send({ command: 'ack', id }),
    fail: (id) => channel.send({ command: 'fail', id }),
    log: (msg, level = 'info') => channel.send({ command: 'log', msg, level: LOG_LEVELS[level] }),
  };
}
