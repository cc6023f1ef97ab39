import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { ROOT } from '../../infra/local/paths.ts';
import { closePools, key, registry, run } from './api.ts';

t.teardown(closePools);

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** The indented blocks of README from the mark to the next heading. */
function triedBlocks(): string[] {
  const part = /<!-- tried: [\s\S]*?(?=\n#)/.exec(readme)?.[0] ?? '';
  return (part.match(/(?:^ {4}.*\n)+/gm) ?? []).map((block) => block.replace(/^ {4}/gm, ''));
}

t.test('the requests of README work as they stand, one after the other', async (t) => {
  const blocks = triedBlocks();
  t.ok(blocks.length >= 6, `${blocks.length} blocks`);
  const [helper] = /^ {4}(field\(\) .*)$/m.exec(readme)?.slice(1) ?? [];
  t.ok(helper, 'the function that reads an answer');
  // what a step printed is told from the next one's by the line between them
  // tap puts its loader into every process that a test starts
  const script = [
    'set -eo pipefail; unset NODE_OPTIONS',
    helper,
    ...blocks.map((block) => `${block}\necho; echo '--'`),
  ];
  script.push('echo "$REGISTRATION"');
  const secret = randomUUID();
  await registry(`update client set identity_secret = $1 where name = 'second'`, secret);
  const { stdout } = await promisify(execFile)('bash', ['-c', script.join('\n')], {
    cwd: ROOT,
    env: {
      ...process.env,
      PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`,
      GATEWAY: run.proxyUrl,
      KEY: key('second'),
      IDENTITY_SECRET: secret,
    },
  });
  t.comment(stdout);
  t.match(stdout, /"state":"joined"/, 'topics were joined');
  t.match(stdout, /"state":"left"/, 'and left');
  t.equal(stdout.match(/"accepted":1/g)?.length, 2, 'events by both ways');
  const registrationId = stdout.trim().split('\n').at(-1);
  const rows = await registry('select 1 from device where id = $1::uuid', registrationId);
  t.same(rows, [], 'the device opted out');
  const [verified] = await registry(
    `select user_verified from device where client_id = 'second' and installation_id = 'my-browser-2'`,
  );
  t.same(verified, { user_verified: true }, 'the user token was believed');
});
