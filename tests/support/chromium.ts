import { type Browser, chromium } from 'playwright-core';
import { aptInstall, onPath } from '../../infra/local/system-package.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];

/** CHROMIUM_BIN, or the Chromium that is on PATH; undefined: there is none, and what needs it is skipped. */
export function findChromium(): string | undefined {
  if (process.env.CHROMIUM_BIN) return process.env.CHROMIUM_BIN;
  return NAMES.map(onPath).find((file) => file !== undefined);
}

/** Installs Debian's where there is none and apt may; what needs it is skipped elsewhere. */
export function ensureChromium(say: (line: string) => void): void {
  if (!findChromium()) aptInstall(['chromium'], say);
  if (!findChromium()) say(`tests in a browser are skipped: ${NO_CHROMIUM}`);
}

/** Where Chromium is missing: how to have these tests. */
export const NO_CHROMIUM = 'there is no Chromium (install Debian’s package "chromium", or set CHROMIUM_BIN)';

/**
 * A browser in which `origin` (http, port 80) is served at `port` of this machine, and is taken for a secure one. It asks
 * nobody else for anything.
 */
export function launchChromium(executablePath: string, origin: string, port: number): Promise<Browser> {
  const { hostname } = new URL(origin);
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--host-resolver-rules=MAP ${hostname}:80 127.0.0.1:${port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
      `--unsafely-treat-insecure-origin-as-secure=${origin}`,
    ],
  });
}
