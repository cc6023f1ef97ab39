import { createHash } from 'node:crypto';
import type { InvocationEvent } from '../contracts/invocation.ts';
import type { AnswerKey, StoredAnswer } from './ports/answers.ts';

export interface RequestIdentity {
  client: string;
  answerKey: AnswerKey;
  /** by an Idempotency-Key: its answer is kept whether or not anything was changed */
  keyed: boolean;
  fingerprint: string;
  deviceToken: string | undefined;
}

/** Longer keys are refused by nobody, but only this much of one counts: with its digest it stays distinct. */
const MAX_KEY = 200;

/**
 * Who asks, and by what name a repeat of the request is known: Idempotency-Key, else Kong's request id.
 * `canonicalBody`: as parsed by its schema, so that white space and the order of fields do not matter.
 */
export function identify(event: InvocationEvent, device: string, canonicalBody: unknown): RequestIdentity {
  const { client } = event.requestContext.authorizer.lambda;
  const given = event.headers['idempotency-key'];
  const key = given ? `key:${shorten(given)}` : `request:${event.requestContext.requestId}`;
  return {
    client,
    answerKey: { client, scope: `${event.routeKey} ${shorten(device)}`, key },
    keyed: Boolean(given),
    fingerprint: createHash('sha256')
      .update(JSON.stringify(canonicalBody) ?? '')
      .digest('base64url'),
    deviceToken: event.headers['x-device-token'],
  };
}

/** Text that PostgreSQL can hold, of bounded length, and distinct for distinct input. */
function shorten(text: string): string {
  if (text.length <= MAX_KEY && !text.includes('\u0000')) return text;
  const digest = createHash('sha256').update(text).digest('base64url');
  // the cut may fall between the two halves of a character
  return `${text.slice(0, MAX_KEY).replaceAll('\u0000', '').toWellFormed()}#${digest}`;
}

export const answerId = ({ client, scope, key }: AnswerKey) => JSON.stringify([client, scope, key]);

/** What is known of the requests' answers, by answerId. */
export function indexAnswers(answers: (AnswerKey & StoredAnswer)[]): Map<string, StoredAnswer> {
  return new Map(answers.map((stored) => [answerId(stored), stored]));
}
