import { statSync } from 'node:fs';

/** Looked at, not told by the system: an editor and `npm run keys` put another file in its place. */
const EVERY_MS = 500;

/** Calls `apply` after each change of the file, one at a time; what it throws is told, and the next change comes again. */
export function followDeck(
  deckFile: string,
  apply: () => Promise<void> | void,
  say: (line: string) => void,
): { stop(): void } {
  let seen = stampOf(deckFile);
  let applying = Promise.resolve();
  const timer = setInterval(() => {
    const now = stampOf(deckFile);
    if (now === undefined || now === seen) return;
    seen = now;
    applying = applying.then(apply).then(
      () => say(`the gateway follows ${deckFile}, which has changed`),
      (error: Error) => say(`the gateway keeps its configuration: ${error.message}`),
    );
  }, EVERY_MS);
  return { stop: () => clearInterval(timer) };
}

/** Undefined: a file that is about to be replaced. */
function stampOf(file: string): string | undefined {
  const stats = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stats && `${stats.ino} ${stats.mtimeNs} ${stats.size}`;
}
