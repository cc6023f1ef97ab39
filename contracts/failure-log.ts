/** What a line may say beside the code and the cause: ids and counts, nothing that a client or a database sent. */
export interface FailureDetails {
  stream?: string;
  /** at most MAX_IDS of each are written */
  shardIds?: string[];
  requestIds?: string[];
  /** rows or records the failure concerned */
  count?: number;
  plugin?: string;
  /** a sentence of our own */
  reason?: string;
  /** a Firebase project */
  project?: string;
  /** the name of a setting that is missing or wrong, never its value */
  setting?: string;
  /** where in our own code: `framesOf` */
  frames?: string[];
}

/**
 * Tells of a failure, once.
 * @param code ours, in snake_case: what could not be done
 * @param error its class alone is written (a name, an errno, an SQLSTATE), never its message: that may quote a body, a key or
 *   an address
 * @param details asked for only when the line is written
 */
export type ReportFailure = (code: string, error: unknown, details?: () => FailureDetails) => void;

export const MAX_IDS = 10;
/** The first line of a kind leaves at once, the next one after this, with the number of those between. */
const EVERY_MS = 10_000;
/** Kinds that are remembered; more would be a defect of the codes. */
const MAX_KINDS = 200;

/** What is written of a failure; `suppressed`: how many of the same code and cause were not written before. */
export type FailureEntry = FailureDetails & { message: string; cause: string; suppressed?: number };

/** Gives one entry a failure and kind, and no more than one in ten seconds of each. */
export function createFailureReports(options: {
  write(entry: FailureEntry): void;
  /** ms that are never set back */
  now?: () => number;
}): ReportFailure {
  const { write, now = () => performance.now() } = options;
  const kinds = new Map<string, { nextAt: number; suppressed: number }>();
  return (code, error, details) => {
    const cause = causeOf(error);
    const key = `${code} ${cause}`;
    const kind = kinds.get(key);
    if (kind && now() < kind.nextAt) {
      kind.suppressed++;
      return;
    }
    if (!kind && kinds.size >= MAX_KINDS) kinds.clear();
    kinds.set(key, { nextAt: now() + EVERY_MS, suppressed: 0 });
    const { shardIds, requestIds, ...rest } = gathered(details);
    write({
      message: code,
      cause,
      ...rest,
      shardIds: shardIds?.slice(0, MAX_IDS),
      requestIds:
        requestIds && [...new Set(requestIds)].filter((id) => /^[\w-]{1,64}$/.test(id)).slice(0, MAX_IDS),
      suppressed: kind?.suppressed || undefined,
    });
  };
}

/**
 * One JSON line a failure, with fields named as those of the functions' logger: `level`, `message` (the code), `timestamp`,
 * `service`, `cause`, details. A logging library would add nothing: in a topology the line goes through Storm's protocol, and
 * stdout is not ours.
 */
export function createFailureLog(options: {
  service: string;
  write(line: string): void;
  now?: () => number;
}): ReportFailure {
  const { service, write, now } = options;
  return createFailureReports({
    now,
    write: ({ message, ...rest }) =>
      write(
        JSON.stringify({ level: 'WARN', message, timestamp: new Date().toISOString(), service, ...rest }),
      ),
  });
}

/** One that ends the process: with where it was thrown. */
export function failureLine(service: string, code: string, error: unknown): string {
  let written = '';
  const write = (line: string) => {
    written = line;
  };
  createFailureLog({ service, write })(code, error, () => ({ frames: framesOf(error) }));
  return written;
}

/** A log line must not cost anybody the records it is about. */
function gathered(details?: () => FailureDetails): FailureDetails {
  try {
    return details?.() ?? {};
  } catch {
    return {};
  }
}

const WORDS = ['timeout', 'terminated'];

/** An errno, an SQLSTATE or a service's error type where there is one, else the error's name. */
export function causeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return typeof error;
  const { code, name, message, cause } = error as Record<'code' | 'name' | 'message', unknown> & {
    cause?: { code?: unknown } | null;
  };
  // Redis' errors begin with their code
  if (name === 'ReplyError' && typeof message === 'string' && /^[A-Z]{3,20} /.test(message))
    return message.slice(0, message.indexOf(' '));
  // the clients of PostgreSQL have errors without a code
  const said =
    typeof message === 'string' ? WORDS.find((word) => message.toLowerCase().includes(word)) : undefined;
  const found = [code, cause?.code, said, name].find(
    (value) => typeof value === 'string' && /^(?:[a-z]{2,20}\/)?[\w-]{2,64}$/.test(value),
  );
  return (found as string | undefined) ?? 'Error';
}

/** Where it was thrown. The stack names our own code; its first lines are the message and stay away. */
export function framesOf(error: unknown): string[] {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const frames = stack.split('\n').filter((line) => /^\s+at .*:\d+:\d+\)?$/.test(line));
  return frames.slice(0, MAX_IDS).map((line) => line.trim());
}
