import { PistatsError } from './errors.ts';
import type { Options } from './options.ts';
import { init, type Pistats } from './pistats.ts';

type Method = 'init' | Exclude<keyof Pistats, 'consent'> | 'consent.grant' | 'consent.deny';
type Waiting = [
  args: [Method, ...unknown[]],
  resolve: (value: unknown) => void,
  reject: (error: unknown) => void,
];
type Stub = ((method: Method, ...args: unknown[]) => Promise<unknown>) & { q?: Waiting[] };

/** What the script tag loads: `pistats('method', …)` as the snippet queued it, and from now on at once. */
const page = window as Window & { pistats?: Stub };
let started: Pistats | undefined;

const run: Stub = async (method, ...args) => {
  if (method === 'init') {
    started ??= init(args[0] as Options);
    return;
  }
  if (!started) throw new PistatsError('not_started');
  // biome-ignore lint/suspicious/noExplicitAny: `consent.grant` is a way through the object
  return method.split('.').reduce((part: any, name) => part[name], started)(...args);
};

const queued = page.pistats?.q ?? [];
page.pistats = run;
for (const [args, resolve, reject] of queued) run(...args).then(resolve, reject);
