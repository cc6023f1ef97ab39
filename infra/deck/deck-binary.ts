import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../local/paths.ts';
import { onPath } from '../local/system-package.ts';
import { OperatorError } from '../operate/errors.ts';

/** infra/deck/go.mod pins it. */
export const DECK_VERSION = 'v1.55.0';
/** Outside the checkout: it takes minutes to build, and a fresh clone on the same machine need not do it again. */
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pistats');
const INSTALLED = join(CACHE, `deck-${DECK_VERSION}`);

/** decK: DECK_BIN, else what `npm run deck:install` built, else the one on PATH. */
export function findDeck(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.DECK_BIN) return existsSync(env.DECK_BIN) ? env.DECK_BIN : undefined;
  return existsSync(INSTALLED) ? INSTALLED : onPath('deck');
}

/** @throws StopError with the way to get it */
export function requireDeck(): string {
  const deck = findDeck();
  if (deck) return deck;
  throw new OperatorError(
    'tool_missing',
    process.env.DECK_BIN
      ? `DECK_BIN names ${process.env.DECK_BIN}, which is not there.`
      : 'decK was not found: set DECK_BIN, put deck on PATH, or build it with "npm run deck:install" (Go needed).',
  );
}

/** Builds decK from its sources, five to ten minutes on two cores; gives its path. */
export function installDeck(say: (line: string) => void): string {
  if (existsSync(INSTALLED)) {
    say(`decK ${DECK_VERSION} is there already: ${INSTALLED}`);
    return INSTALLED;
  }
  if (!onPath('go'))
    throw new OperatorError(
      'tool_missing',
      'decK is built with Go: install Go 1.25 or newer, or set DECK_BIN to a decK that is there.',
    );
  say(`building decK ${DECK_VERSION} from its sources (five to ten minutes)`);
  mkdirSync(CACHE, { recursive: true });
  // two that build at once must not write one file
  const partial = `${INSTALLED}.${process.pid}`;
  const args = ['build', '-mod=readonly', '-trimpath', '-o', partial, 'github.com/kong/deck'];
  const go = spawnSync('go', args, {
    cwd: join(ROOT, 'infra/deck'),
    encoding: 'utf8',
    // the build's own settings, not those of a surrounding workspace
    env: { ...process.env, GOWORK: 'off', GOFLAGS: '' },
  });
  if (go.status !== 0) {
    rmSync(partial, { force: true });
    const output = `${go.stdout}${go.stderr}`.trim();
    if (/no space left/i.test(output))
      throw new OperatorError('tool_missing', 'the disk is full; building decK needs about 4 GB.');
    throw new OperatorError(
      'tool_missing',
      `decK could not be built: ${output.split('\n').slice(-3).join(' | ')}`,
    );
  }
  renameSync(partial, INSTALLED);
  return INSTALLED;
}
