/** What the server answered, by its stable code, or why nothing could be asked. */
export type ErrorCode =
  | 'consent_denied'
  | 'opted_out'
  | 'not_registered'
  | 'expired'
  | 'queue_full'
  | 'not_started'
  /** one of the server's (`code` of its problem), or `http_<status>` where the answer had none */
  | (string & {});

export class PistatsError extends Error {
  override name = 'PistatsError';
  readonly code: ErrorCode;
  /** HTTP; 0 where nothing was asked */
  readonly status: number;
  constructor(code: ErrorCode, status = 0, detail = '') {
    super(detail ? `${code}: ${detail}` : code);
    this.code = code;
    this.status = status;
  }
}
