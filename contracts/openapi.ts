import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { openApiDocument } from './openapi-document.ts';

const FILE = join(import.meta.dirname, 'openapi.yaml');
const PACKAGE = join(import.meta.dirname, '..', 'package.json');

/** contracts/openapi.yaml as it must be. */
export function openApiYaml(): string {
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
  const text = stringify(openApiDocument(version), { lineWidth: 0, aliasDuplicateObjects: false });
  return `# Made by contracts/openapi.ts from the schemas and contracts/routes.ts: edit those, then \`npm run openapi\`.\n${text}`;
}

/** `node contracts/openapi.ts [--check]`: writes the file, or exits 1 when it is stale. */
if (import.meta.main) {
  const current = existsSync(FILE) && readFileSync(FILE, 'utf8') === openApiYaml();
  if (!process.argv.includes('--check')) writeFileSync(FILE, openApiYaml());
  else if (!current) {
    process.stderr.write('pistats: contracts/openapi.yaml is stale; run "npm run openapi".\n');
    process.exitCode = 1;
  }
}
