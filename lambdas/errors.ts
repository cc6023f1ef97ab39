/** Another transaction was faster: load again and decide anew. */
export class ConflictError extends Error {
  override name = 'ConflictError';
}
/** The database holds a lock that another request needs for too long. */
export class LockTimeoutError extends Error {
  override name = 'LockTimeoutError';
}
/** The database refuses a value: the fault of one request among those that were written together. */
export class DataError extends Error {
  override name = 'DataError';
}
/** The database can't be reached, can't answer in time, or is not as it should be. `code`: why, in a word for the log. */
export class UnavailableError extends Error {
  override name = 'UnavailableError';
  readonly code?: string;
  constructor(message: string, { code, ...options }: ErrorOptions & { code?: string } = {}) {
    super(message, options);
    this.code = code;
  }
}
/** A setting that is missing or wrong; the message says which, and never its value. */
export class SettingError extends Error {
  override name = 'SettingError';
  readonly setting: string;
  constructor(setting: string, problem: string) {
    super(`${setting} ${problem}`);
    this.setting = setting;
  }
}
/** A fault of ours, as Lambda is told of it: an error's own message could quote what a client sent. */
export class CrashError extends Error {
  override name = 'CrashError';
}
