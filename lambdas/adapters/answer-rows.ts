import type { AnswerKey, StoredAnswer } from '../ports/answers.ts';

/** A row of `idempotency` as JSON. */
export interface AnswerJson {
  client_id: string;
  scope: string;
  key: string;
  fingerprint: string;
  response: StoredAnswer['answer'];
}

export const toAnswer = ({ client_id, scope, key, fingerprint, response }: AnswerJson) => ({
  client: client_id,
  scope,
  key,
  fingerprint,
  answer: response,
});

export const answerRow = ({
  client,
  scope,
  key,
  fingerprint,
  answer,
}: AnswerKey & StoredAnswer): AnswerJson => ({
  client_id: client,
  scope,
  key,
  fingerprint,
  response: answer,
});

export const answerKeyRow = ({ client, scope, key }: AnswerKey) => ({ client_id: client, scope, key });
