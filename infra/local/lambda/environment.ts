import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { FunctionDefinition } from '../functions.ts';
import { readBody, sendJson } from './http.ts';

export interface Invocation {
  id: string;
  payload: Buffer;
  /** called once */
  done(outcome: Outcome): void;
}

export interface Outcome {
  /** set for a function error; `body` then holds {errorType, errorMessage} */
  functionError?: 'Unhandled';
  body: Buffer;
  /** milliseconds the invocation ran, the initialisation left out */
  ranMs: number;
  logs: Buffer;
}

/** What the environment tells the function it belongs to. */
export interface EnvironmentEvents {
  idle(environment: Environment): void;
  gone(environment: Environment): void;
  log(chunk: Buffer): void;
}

const RUNTIME_CLIENT = join(import.meta.dirname, 'runtime-client.mjs');
/** Kept for LogType Tail, which gives the last 4 KB. */
const LOG_BYTES = 8_192;
/** AWS gives an on-demand environment 10 s to initialise. */
const INIT_TIMEOUT_MS = 10_000;

const errorBody = (errorType: string, errorMessage: string) =>
  Buffer.from(JSON.stringify({ errorType, errorMessage }));

/** One execution environment: a process that asks its own Runtime API for one invocation at a time. */
export class Environment {
  readonly id = randomUUID();
  state: 'init' | 'idle' | 'busy' | 'returning' | 'dead' = 'init';
  lastUsed = Date.now();
  #definition: FunctionDefinition;
  #events: EnvironmentEvents;
  #server: Server;
  #process: ChildProcess | undefined;
  #waiting: ServerResponse | undefined;
  #current: { invocation: Invocation; startedAt: number; timer: NodeJS.Timeout } | undefined;
  #initTimer: NodeJS.Timeout;
  #logs: Buffer[] = [];
  #initError: Buffer | undefined;

  constructor(definition: FunctionDefinition, events: EnvironmentEvents) {
    this.#definition = definition;
    this.#events = events;
    this.#server = createServer((request, response) => {
      // a process that is killed while it sends its answer: its end is noticed for itself
      this.#runtimeApi(request, response).catch(() => response.destroy());
    });
    this.#server.on('error', (error) => this.#ended(error.message));
    this.#server.keepAliveTimeout = 0;
    this.#server.listen(0, '127.0.0.1', () => this.#launch());
    this.#initTimer = setTimeout(() => this.kill(), INIT_TIMEOUT_MS);
  }

  /** Why the environment ended, as the body of a function error. */
  failure(): Buffer {
    return this.#initError ?? errorBody('Runtime.ExitError', 'Error: Runtime exited during initialisation');
  }

  run(invocation: Invocation): void {
    const { timeoutMs } = this.#definition;
    this.state = 'busy';
    this.#logs = [];
    const timer = setTimeout(() => {
      const message = `${new Date().toISOString()} ${invocation.id} Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
      this.#finish(errorBody('Sandbox.Timedout', message), 'Unhandled');
      this.kill();
    }, timeoutMs);
    this.#current = { invocation, startedAt: performance.now(), timer };
    const response = this.#waiting;
    this.#waiting = undefined;
    response?.writeHead(200, {
      'content-type': 'application/json',
      'content-length': invocation.payload.length,
      'Lambda-Runtime-Aws-Request-Id': invocation.id,
      'Lambda-Runtime-Deadline-Ms': String(Date.now() + timeoutMs),
      'Lambda-Runtime-Invoked-Function-Arn': functionArn(this.#definition.name),
    });
    response?.end(invocation.payload);
  }

  kill(): void {
    this.#process?.kill('SIGKILL');
    this.#ended('signal: killed');
  }

  #launch(): void {
    if (this.state === 'dead') return;
    const { name, handler, codeDir, memory, env } = this.#definition;
    const { port } = this.#server.address() as AddressInfo;
    this.#process = spawn(
      process.execPath,
      [`--max-old-space-size=${Math.floor(memory * 0.9)}`, RUNTIME_CLIENT],
      {
        cwd: codeDir,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env.PATH,
          TZ: ':UTC',
          LANG: 'en_US.UTF-8',
          AWS_REGION: process.env.AWS_REGION ?? 'eu-central-1',
          ...env,
          AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
          AWS_LAMBDA_FUNCTION_NAME: name,
          AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
          AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
          AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
          AWS_LAMBDA_LOG_STREAM_NAME: this.id,
          AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
          LAMBDA_TASK_ROOT: codeDir,
          _HANDLER: handler,
        },
      },
    );
    const keep = (chunk: Buffer) => {
      this.#events.log(chunk);
      this.#logs.push(chunk);
      while (this.#logs.length > 1 && this.#logs.reduce((sum, { length }) => sum + length, 0) > LOG_BYTES)
        this.#logs.shift();
    };
    this.#process.stdout?.on('data', keep);
    this.#process.stderr?.on('data', keep);
    this.#process.on('error', (error) => this.#ended(error.message));
    this.#process.on('exit', (code, signal) =>
      this.#ended(signal ? `signal: ${signal}` : `exit status ${code}`),
    );
  }

  async #runtimeApi(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').replace('/2018-06-01/runtime', '');
    if (request.method === 'GET' && path === '/invocation/next') {
      clearTimeout(this.#initTimer);
      this.#waiting = response;
      this.state = 'idle';
      this.#events.idle(this);
      return;
    }
    const body = await readBody(request);
    const answer = /^\/invocation\/([^/]+)\/(response|error)$/.exec(path);
    if (answer && answer[1] === this.#current?.invocation.id) {
      sendJson(response, 202, { status: 'OK' });
      this.#finish(body, answer[2] === 'error' ? 'Unhandled' : undefined);
    } else if (path === '/init/error') {
      this.#initError = body;
      sendJson(response, 202, { status: 'OK' });
    } else sendJson(response, answer ? 400 : 404, { errorType: answer ? 'InvalidRequestID' : 'NotFound' });
  }

  #finish(body: Buffer, functionError?: 'Unhandled'): void {
    const current = this.#current;
    if (!current) return;
    clearTimeout(current.timer);
    this.#current = undefined;
    this.lastUsed = Date.now();
    if (this.state === 'busy') this.state = 'returning';
    const ranMs = performance.now() - current.startedAt;
    current.invocation.done({ functionError, body, ranMs, logs: Buffer.concat(this.#logs) });
  }

  #ended(how: string): void {
    if (this.state === 'dead') return;
    this.state = 'dead';
    clearTimeout(this.#initTimer);
    this.#server.close();
    this.#server.closeAllConnections();
    const id = this.#current?.invocation.id;
    this.#finish(
      errorBody('Runtime.ExitError', `RequestId: ${id} Error: Runtime exited with error: ${how}`),
      'Unhandled',
    );
    this.#events.gone(this);
  }
}

export function functionArn(name: string): string {
  return `arn:aws:lambda:${process.env.AWS_REGION ?? 'eu-central-1'}:000000000000:function:${name}`;
}
