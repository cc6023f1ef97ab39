import type { Output } from '../../infra/operate/run-program.ts';

/** Keeps what a command wrote instead of writing it. */
export function recordedOutput(): Output & { results: string[]; said: string[] } {
  const results: string[] = [];
  const said: string[] = [];
  return { results, said, out: (line) => void results.push(line), say: (line) => void said.push(line) };
}
