/** Ends a command with one sentence the user can act on and no stack trace. */
export class StopError extends Error {
  override name = 'StopError';
  readonly exitCode: number;
  /** of an operator's error (operate/errors.ts) */
  readonly code?: string;
  constructor(sentence: string, exitCode = 1, code?: string) {
    super(sentence);
    this.exitCode = exitCode;
    this.code = code;
  }
}

/** As it is printed: the code is at the end, for whoever searches for it. */
export const sentenceOf = ({ message, code }: StopError) => (code ? `${message} [${code}]` : message);

/** Ctrl-C, or what else ends a command from outside: no failure of its own. */
export class Interrupted extends StopError {
  constructor() {
    super('interrupted.', 130);
  }
}

/** Prints a StopError as its sentence, anything else with its stack, and gives the exit code. */
export function reportError(error: unknown): number {
  if (error instanceof StopError) {
    process.stderr.write(`pistats: ${sentenceOf(error)}\n`);
    return error.exitCode;
  }
  const code = (error as NodeJS.ErrnoException)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    process.stderr.write('pistats: the disk is full; free some space and run the command again.\n');
    return 1;
  }
  process.stderr.write(
    `pistats: unexpected error: ${error instanceof Error ? error.stack : String(error)}\n`,
  );
  return 1;
}
