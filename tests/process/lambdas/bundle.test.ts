import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { buildLambdas, FUNCTION_NAMES } from '../../../lambdas/build.ts';

/** An environment reads all of it before its first answer. */
const MAX_BYTES = 3_000_000;
const outDir = t.testdir();
await buildLambdas(outDir);

for (const name of FUNCTION_NAMES) {
  const dir = join(outDir, name);
  t.test(`${name}: the handler and Prisma's compiler, at most 3 MB together`, async (t) => {
    t.same(readdirSync(dir).sort(), ['index.mjs', 'query-compiler.wasm']);
    const bytes = readdirSync(dir).reduce((sum, file) => sum + statSync(join(dir, file)).size, 0);
    t.ok(bytes <= MAX_BYTES, `${bytes} bytes`);
    t.equal(readFileSync(join(dir, 'query-compiler.wasm')).toString('latin1', 0, 4), '\0asm');
  });

  t.test(`${name}: it starts with nothing beside it`, async (t) => {
    const script = `const { handler } = await import(${JSON.stringify(join(dir, 'index.mjs'))}); console.log(typeof handler); process.exit(0)`;
    const env = {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/registry',
      DEVICE_TOKEN_SECRETS: JSON.stringify({ k1: 'x'.repeat(40) }),
    };
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: dir, env });
    t.equal(said.toString().trim(), 'function');
  });
}
