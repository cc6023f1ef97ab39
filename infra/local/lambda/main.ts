import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import type { FunctionDefinition } from '../functions.ts';
import { createFunction } from './function.ts';
import { createInvokeApi } from './invoke-api.ts';

/** The local Lambda service: `node infra/local/lambda/main.ts --functions FILE [--port N]`. */
const { values } = parseArgs({
  options: { functions: { type: 'string' }, port: { type: 'string', default: '0' } },
});
if (!values.functions) {
  process.stderr.write('--functions FILE is needed: a JSON array of function definitions\n');
  process.exit(2);
}
const definitions = JSON.parse(readFileSync(values.functions, 'utf8')) as FunctionDefinition[];
const functions = new Map(
  definitions.map((definition) => [
    definition.name,
    createFunction(definition, (chunk) => process.stderr.write(`[${definition.name}] ${chunk}`)),
  ]),
);
const server = createInvokeApi(functions);
server.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
server.listen(Number(values.port), '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ ready: true, port: (server.address() as AddressInfo).port })}\n`);
});
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    for (const local of functions.values()) local.stop();
    process.exit(0);
  });
