import type { Fact } from '../../contracts/cloud-event.ts';
import type { InvocationResponse } from '../../contracts/invocation.ts';
import type { StreamWriter } from '../../stream/stream-writer.ts';
import { exitWithProblem } from '../exit.ts';
import type { Kong } from '../pdk.ts';
import { respond } from '../respond.ts';
import { getClient, getResponse } from '../shared-context.ts';
import { parseEvents } from './events-request.ts';
import { closeForwarder, openForwarder, stamper, writerOf } from './forwarder.ts';
import { type KinesisForwardConfig, schema } from './schema.ts';

/** Makes the request's facts durable, by Kinesis or the node's spool, then answers the client. */
class KinesisForward {
  #config: KinesisForwardConfig;
  #writer: StreamWriter;

  constructor(config: KinesisForwardConfig) {
    this.#config = config;
    this.#writer = writerOf(config.stream);
  }

  access(kong: Kong): Promise<void> {
    return this.#config.mode === 'events' ? this.#forwardEvents(kong) : this.#forwardResponse(kong);
  }

  async #forwardResponse(kong: Kong): Promise<void> {
    const [response, client, ...request] = await Promise.all([
      getResponse(kong),
      getClient(kong),
      ...readReceipt(kong),
    ]);
    if (!client || !response) return exitWithProblem(kong, 'unavailable', { retryAfter: 1 });
    await this.#forward(kong, response.events ?? [], client.client, request, response);
  }

  async #forwardEvents(kong: Kong): Promise<void> {
    const [body, client, ...request] = await Promise.all([
      kong.request.getRawBody(),
      getClient(kong),
      ...readReceipt(kong),
    ]);
    if (!client) return exitWithProblem(kong, 'unavailable', { retryAfter: 1 });
    const parsed = parseEvents(body, client.client);
    if (!parsed.ok) return exitWithProblem(kong, parsed.problem.code, { errors: parsed.problem.errors });
    const answer = { statusCode: 202, body: JSON.stringify({ accepted: parsed.facts.length }) };
    await this.#forward(kong, parsed.facts, client.client, request, answer);
  }

  async #forward(
    kong: Kong,
    facts: Fact[],
    client: string,
    request: ReceiptValues,
    answer: InvocationResponse,
  ) {
    if (facts.length > 0 && answer.statusCode < 300) {
      const [requestId, startTime, ip, userAgent] = request;
      if (!requestId) return exitWithProblem(kong, 'unavailable', { retryAfter: 1 });
      const receipt = { client, requestId, receivedAt: Math.round(startTime * 1000), ip, userAgent };
      // a stamp that is given is kept until its event is stored, so none is given where there is no room
      const retryAfter = this.#writer.refusal();
      if (retryAfter !== undefined) return exitWithProblem(kong, 'unavailable', { retryAfter });
      const records = stamper.stamp(facts, receipt);
      if (!records) return exitWithProblem(kong, 'body_invalid', { detail: 'an event is too large' });
      const { deadline_ms: deadlineMs, spool_after_ms: spoolAfterMs } = this.#config;
      if (!(await this.#writer.put(records, { deadlineMs, spoolAfterMs })))
        return exitWithProblem(kong, 'unavailable', { retryAfter: 2 });
    }
    return respond(kong, answer);
  }
}

type ReceiptValues = [string | undefined, number, string, string | undefined];

const readReceipt = (kong: Kong) =>
  [
    kong.nginx.getVar('kong_request_id'),
    kong.nginx.reqStartTime(),
    kong.client.getForwardedIp(),
    kong.request.getHeader('user-agent'),
  ] as const;

export const Plugin = KinesisForward;
export const Name = 'kinesis-forward';
export const Version = '1.0.0';
/** just after lambda-invoke */
export const Priority = 740;
export const Schema = schema;
/** What earlier processes left in the spool is sent again. @throws Error when a variable is wrong */
export const open = openForwarder;
/** What is queued is sent, or fsynced in the spool. */
export const close = closeForwarder;
