import { exitWithProblem } from '../exit.ts';
import type { Kong } from '../pdk.ts';
import { respond } from '../respond.ts';
import { setResponse } from '../shared-context.ts';
import { type Coalescer, createCoalescer } from './coalescer.ts';
import { readEvent } from './event.ts';
import { createInvoke } from './invoke.ts';
import { type LambdaInvokeConfig, schema } from './schema.ts';

const invoke = createInvoke();
/** One queue a function, whatever the number of routes and of nginx workers that bring instances of the plugin. */
const coalescers = new Map<string, Coalescer>();

/** Hands the request to its Lambda function, together with those that wait beside it. */
class LambdaInvoke {
  #config: LambdaInvokeConfig;
  #coalescer: Coalescer;

  constructor(config: LambdaInvokeConfig) {
    this.#config = config;
    const limits = {
      maxSize: config.max_size,
      minInFlight: config.min_in_flight,
      maxInFlight: config.max_in_flight,
      maxQueue: config.max_queue,
      maxQueueBytes: config.max_queue_bytes,
    };
    const present = coalescers.get(config.function);
    present?.setLimits(limits);
    this.#coalescer = present ?? createCoalescer(config.function, invoke, limits);
    coalescers.set(config.function, this.#coalescer);
  }

  async access(kong: Kong): Promise<void> {
    const read = await readEvent(kong, this.#config.path);
    // no client-auth before this plugin, or it failed open: never an invocation without a consumer
    if (!read.client) return exitWithProblem(kong, 'unavailable', { retryAfter: 1 });
    const response = await this.#coalescer.submit(read.event, this.#config.deadline_ms);
    await (this.#config.respond ? respond(kong, response) : setResponse(kong, response));
  }
}

export const Plugin = LambdaInvoke;
export const Name = 'lambda-invoke';
export const Version = '1.0.0';
/** that of Kong's aws-lambda */
export const Priority = 750;
export const Schema = schema;
