import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { ColdStart, InvocationResponse } from '../../contracts/invocation.ts';
import { ROOT } from '../../infra/local/paths.ts';
import { startService } from '../../infra/local/service.ts';
import { FUNCTION_NAMES } from '../../lambdas/build.ts';
import type { BenchStack } from './bench-stack.ts';
import { formatLatency, latencyOf } from './latency.ts';
import { registrationBody } from './load.ts';
import { eventOf } from './lone.ts';
import { barRow, figureRow, type Row } from './rows.ts';

const MAX_MB = 3;
const ROUNDS = 10;

interface Start {
  initMs: number;
  coldMs: number;
  warmMs: number;
}

/** How large the functions are, and what the first request of an environment waits for. */
export async function benchFunctions(
  { info, functionsFile }: BenchStack,
  say: (line: string) => void,
): Promise<Row[]> {
  const starts: Start[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    say(`functions: cold start ${round} of ${ROUNDS}`);
    starts.push(await coldStart(functionsFile, join(info.logDir, 'cold-starts.log'), round));
  }
  const of = (pick: (start: Start) => number) => latencyOf(starts.map(pick));
  const [init, cold, warm] = [
    of(({ initMs }) => initMs),
    of(({ coldMs }) => coldMs),
    of(({ warmMs }) => warmMs),
  ];
  return [
    ...sizeRows(),
    figureRow(
      'a cold start of registrations: initialisation, p50',
      init.p50,
      'ms',
      `p50/p99/p99.9: initialisation ${formatLatency(init)}, the first request in all ${formatLatency(cold)}, the next one ${formatLatency(warm)} ms; ${ROUNDS} environments`,
    ),
  ];
}

/** What an environment reads before its handler is there: everything in the function's folder. */
function sizeRows(): Row[] {
  const megabytes = FUNCTION_NAMES.map((name) => {
    const dir = join(ROOT, 'dist/lambdas', name);
    const bytes = readdirSync(dir).reduce((sum, file) => sum + statSync(join(dir, file)).size, 0);
    return { name, value: bytes / 1e6 };
  });
  const most = Math.max(...megabytes.map(({ value }) => value));
  const detail = megabytes.map(({ name, value }) => `${name} ${value.toFixed(2)}`).join(', ');
  return [barRow('the largest bundle of a function', most, 'MB', { atMost: MAX_MB }, detail)];
}

/** A Lambda service of its own, so that the environment is the first one. */
async function coldStart(functionsFile: string, logFile: string, round: number): Promise<Start> {
  const service = await startService({
    name: 'lambda-cold',
    command: process.execPath,
    args: [join(ROOT, 'infra/local/lambda/main.ts'), '--functions', functionsFile],
    logFile,
  });
  const lambda = new LambdaClient({
    region: 'eu-central-1',
    endpoint: `http://127.0.0.1:${service.readyLine?.port}`,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new NodeHttpHandler(),
  });
  const register = async (turn: string) => {
    const Payload = JSON.stringify(eventOf(registrationBody(`cold-${process.pid}-${round}-${turn}`)));
    const startedAt = performance.now();
    const answer = await lambda.send(new InvokeCommand({ FunctionName: 'pistats-registrations', Payload }));
    const ms = performance.now() - startedAt;
    const response = JSON.parse(Buffer.from(answer.Payload ?? []).toString()) as InvocationResponse &
      ColdStart;
    if (response.statusCode !== 201) throw new Error(`the function: ${response.statusCode}`);
    return { ms, initMs: response.coldStart?.initMs };
  };
  try {
    const first = await register('first');
    const { ms: warmMs } = await register('next');
    return { initMs: first.initMs ?? Number.NaN, coldMs: first.ms, warmMs };
  } finally {
    lambda.destroy();
    await service.stop();
  }
}
