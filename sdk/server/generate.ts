import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { parse } from 'yaml';

const CONTRACT = join(import.meta.dirname, '../../contracts/openapi.yaml');
const FILE = join(import.meta.dirname, 'src/api.ts');
const HEAD =
  '// Made by sdk/server/generate.ts from contracts/openapi.yaml: edit that, then `npm run sdk:types`.\n';

interface Body {
  requestBody?: { content?: Record<string, unknown> };
}

/**
 * sdk/server/src/api.ts as it must be. Bodies are JSON alone: text/plain is for sendBeacon, which can set no header, and its
 * type would let a client send a text where an object is meant.
 */
export async function apiTypes(): Promise<string> {
  const document = parse(readFileSync(CONTRACT, 'utf8')) as OpenAPI3 & {
    paths: Record<string, Record<string, Body>>;
  };
  for (const operations of Object.values(document.paths))
    for (const { requestBody } of Object.values(operations)) delete requestBody?.content?.['text/plain'];
  return HEAD + astToString(await openapiTS(document, { alphabetize: false }));
}

/** `node sdk/server/generate.ts [--check]`: writes the file, or exits 1 when it is stale. */
if (import.meta.main) {
  const types = await apiTypes();
  const current = existsSync(FILE) && readFileSync(FILE, 'utf8') === types;
  if (!process.argv.includes('--check')) writeFileSync(FILE, types);
  else if (!current) {
    process.stderr.write('pistats: sdk/server/src/api.ts is stale; run "npm run sdk:types".\n');
    process.exitCode = 1;
  }
}
