/** One line of progress: rewritten in place on a terminal, a line every two seconds elsewhere. */
export interface Progress {
  /** The parts of the line, the most important first: what does not fit on the terminal is left out from the end. */
  show(parts: string[]): void;
  end(): void;
}

const PLAIN_EVERY_MS = 2_000;
const SEPARATOR = ' · ';

export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  let last = 0;
  let open = false;
  return {
    show(parts) {
      if (stream.isTTY) {
        stream.write(`\r\u001b[2K${fit(parts, (stream.columns ?? 100) - 1)}`);
        open = true;
      } else if (Date.now() - last >= PLAIN_EVERY_MS) {
        last = Date.now();
        stream.write(`${parts.join(SEPARATOR)}\n`);
      }
    },
    end() {
      if (open) stream.write('\n');
      open = false;
    },
  };
}

function fit(parts: string[], width: number): string {
  let line = '';
  for (const part of parts) {
    const longer = line === '' ? part : `${line}${SEPARATOR}${part}`;
    if (longer.length > width) return line === '' ? part.slice(0, width) : line;
    line = longer;
  }
  return line;
}
