import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ROOT } from '../local/paths.ts';
import { reportError } from '../local/stop-error.ts';
import { OperatorError } from './errors.ts';
import { type LicensedPackage, refuseLicence } from './licence-rule.ts';
import { terminal } from './run-program.ts';

const packageLock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.unknown().optional(),
      link: z.boolean().optional(),
    }),
  ),
});
const manifest = z.object({ license: z.unknown().optional() });

/**
 * Every package of the lock file, those of other platforms too. What is installed speaks for itself; the lock file,
 * which npm fills from the registry, speaks for the rest. @throws StopError when the lock file can't be read
 */
export function readPackages(root: string): LicensedPackage[] {
  const lock = packageLock.safeParse(readJson(join(root, 'package-lock.json')));
  if (!lock.success)
    throw new OperatorError('file_unreadable', `${join(root, 'package-lock.json')} is no lock file.`);
  return Object.entries(lock.data.packages)
    .filter(([path, { link }]) => path !== '' && !link)
    .map(([path, { version = '?', license }]) => {
      const installed = manifest.safeParse(readJson(join(root, path, 'package.json')));
      const given = installed.success ? installed.data.license : license;
      return { name: path.replace(/^.*node_modules\//, ''), version, licence: licenceName(given) };
    });
}

/** A string today; `{type}` in manifests from before npm 2. */
function licenceName(license: unknown): string | null {
  if (typeof license === 'string' && license !== '') return license;
  const old = z.object({ type: z.string().min(1) }).safeParse(license);
  return old.success ? old.data.type : null;
}

function readJson(file: string): unknown {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

/** Tells each package whose licence does not permit its use. @returns the exit code */
function checkLicences(): number {
  try {
    const packages = readPackages(ROOT);
    const refused = packages.flatMap((one) => refuseLicence(one) ?? []);
    for (const line of refused) terminal.say(line);
    terminal.say(
      `the licences of ${packages.length - refused.length} of ${packages.length} packages permit their use.`,
    );
    return refused.length > 0 ? 1 : 0;
  } catch (error) {
    return reportError(error);
  }
}

if (import.meta.main) process.exitCode = checkLicences();
