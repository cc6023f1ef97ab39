import { StopError } from '../local/stop-error.ts';

/**
 * The operators' errors, by a code that stays the same: what a command says ends in `[code]`. The number is the command's
 * exit code: 1 something is not as it should be, 2 usage or configuration, 3 something could not be reached.
 */
export const OPERATOR_ERRORS = {
  books_unbalanced: 1,
  not_stored: 1,
  still_rejected: 1,
  not_taken: 1,
  usage: 2,
  no_target: 2,
  mixed_target: 2,
  aws_settings: 2,
  unknown_client: 2,
  unknown_key: 2,
  unknown_origin: 2,
  client_disabled: 2,
  file_exists: 2,
  file_unwritable: 2,
  file_unreadable: 2,
  file_line: 2,
  spool_missing: 2,
  spool_unreadable: 2,
  database_url: 2,
  database_login: 2,
  database_missing: 2,
  database_schema: 2,
  database_permission: 2,
  database_tls: 2,
  database_failed: 1,
  database_unreachable: 3,
  stream_unreachable: 3,
  stream_refuses: 3,
  tool_missing: 2,
} as const;

export type OperatorErrorCode = keyof typeof OPERATOR_ERRORS;

/** Ends an operator's command with one sentence, a code and the exit code that belongs to it. */
export class OperatorError extends StopError {
  override name = 'OperatorError';
  constructor(code: OperatorErrorCode, sentence: string) {
    super(sentence, OPERATOR_ERRORS[code], code);
  }
}
