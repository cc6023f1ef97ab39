/** One line of progress: rewritten in place on a terminal, a line every two seconds elsewhere. */
export interface Progress {
  show(line: string): void;
  end(): void;
}

const PLAIN_EVERY_MS = 2_000;

export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  let last = 0;
  let open = false;
  return {
    show(line) {
      if (stream.isTTY) {
        stream.write(`\r\u001b[2K${line.slice(0, (stream.columns ?? 100) - 1)}`);
        open = true;
      } else if (Date.now() - last >= PLAIN_EVERY_MS) {
        last = Date.now();
        stream.write(`${line}\n`);
      }
    },
    end() {
      if (open) stream.write('\n');
      open = false;
    },
  };
}
