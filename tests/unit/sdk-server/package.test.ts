import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import t from 'tap';
import { ROOT } from '../../../infra/local/paths.ts';
import { verifyUserToken } from '../../../lambdas/user-token.ts';
import { apiTypes } from '../../../sdk/server/generate.ts';
import { SDK } from '../../../sdk/server/src/index.ts';
import { installServerSdk } from '../../support/server-sdk.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { KEY, REGISTRATION, registered } from './scripted.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

t.test('its types are those of contracts/openapi.yaml', async (t) => {
  t.ok(read('sdk/server/src/api.ts') === (await apiTypes()), 'run "npm run sdk:types"');
});

t.test('its manifest pins what the project has, and says its version everywhere', async (t) => {
  const { name, version, dependencies } = JSON.parse(read('sdk/server/package.json'));
  const project = JSON.parse(read('package.json'));
  t.same({ name, version }, SDK);
  t.equal(version, project.version);
  for (const [each, pinned] of Object.entries(dependencies))
    t.equal(pinned, project.dependencies[each], each);
});

t.test('built and installed', async (t) => {
  const project = tempDir(t);
  await installServerSdk(project);
  const consumer = `
    import { createClient, PistatsError } from '@pistats/server';
    const client = createClient({ endpoint: 'https://gateway.example', key: 'pk_a_b' });
    const { data } = await client.POST('/v1/events', { body: { events: [] } });
    export const accepted: number = data.accepted;
    // @ts-expect-error no such route
    await client.POST('/v1/event', { body: { events: [] } });
    export const code = (error: unknown) => (error instanceof PistatsError ? error.code : '');
  `;

  for (const moduleResolution of ['nodenext', 'bundler'])
    await t.test(`its declarations are right for ${moduleResolution}`, async (t) => {
      writeFileSync(join(project, 'consumer.mts'), consumer);
      const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
      const module = moduleResolution === 'bundler' ? 'esnext' : moduleResolution;
      const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,dom'];
      const kind = ['--module', module, '--moduleResolution', moduleResolution];
      const run = promisify(execFile)(process.execPath, [tsc, ...options, ...kind, 'consumer.mts'], {
        cwd: project,
      });
      const { stdout } = await run.catch((error) => error);
      t.equal(stdout, '');
    });

  await t.test('it runs where there is nothing but what the web has', async (t) => {
    writeFileSync(join(project, 'edge.mjs'), `export * from '@pistats/server';`);
    const bundle = await build({
      entryPoints: [join(project, 'edge.mjs')],
      bundle: true,
      write: false,
      platform: 'browser',
      conditions: ['workerd', 'worker'],
      format: 'iife',
      globalName: 'sdk',
    });
    const [{ text = '' } = {}] = bundle.outputFiles;
    t.notMatch(text, /["']node:/);
    const sent: string[] = [];
    const fetch = async (url: string) => {
      sent.push(url);
      return sent.length === 1 ? new Response(null, { status: 500 }) : registered();
    };
    const web = {
      Request,
      Response,
      Headers,
      FormData,
      URL,
      AbortSignal,
      AbortController,
      crypto,
      CryptoKey,
    };
    const more = {
      structuredClone,
      TextEncoder,
      TextDecoder,
      Uint8Array,
      performance,
      setTimeout,
      clearTimeout,
      btoa,
      atob,
    };
    const context = createContext({ ...web, ...more, fetch, KEY, REGISTRATION, secret: 'a secret' });
    const [created, token] = await runInContext(
      `${text}; (async () => [
        await sdk.createClient({ endpoint: 'https://gateway.example', key: KEY }).POST('/v1/registrations', { body: REGISTRATION }),
        await sdk.signUserToken({ secret, userId: 'reader-1' }),
      ])()`,
      context,
    );
    t.equal(created.data.registrationId, 'r');
    t.equal(sent.length, 2, 'repeated once');
    t.ok(await verifyUserToken(token, 'reader-1', 'a secret', new Date()));
  });
});
