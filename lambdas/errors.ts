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
/** The database can't be reached, or can't answer in time. */
export class UnavailableError extends Error {
  override name = 'UnavailableError';
}
