import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { RunInfo } from '../../infra/local/run-info.ts';
import type { Tools } from '../../infra/local/setup.ts';
import { guardFolder } from '../../infra/local/spawn-guarded.ts';
import { startStack } from '../../infra/local/stack.ts';
import { prepareTestClients, TEST_ORIGIN } from '../support/test-clients.ts';
import type { LoadPlan } from './load.ts';

/**
 * How registrations are invoked. `on` is deck.yaml as it is. The other two carry one request an invocation: `off` with
 * deck.yaml's bound on invocations in flight, `unbounded` with as many as the function's reserved concurrency lets
 * through, since Kong's own aws-lambda has no bound.
 */
export type Mode = 'on' | 'off' | 'unbounded';
export const MODES: Mode[] = ['on', 'off', 'unbounded'];

const IN_FLIGHT: Record<Exclude<Mode, 'on'>, number | undefined> = { off: undefined, unbounded: 10 };
const hostOf = (mode: Mode) => `${mode}.bench`;
/** An alias of the same function: the same environments and counters, a queue of its own in the plugin server. */
const functionOf = (mode: Mode) => `pistats-registrations${mode === 'on' ? '' : `:${mode}`}`;

export interface BenchStack {
  info: RunInfo;
  dataDir: string;
  /** the definitions that the Lambda service was started with */
  functionsFile: string;
  stop(): Promise<void>;
}

export async function startBenchStack(options: {
  tools: Tools;
  storm: boolean;
  /** false: without fsync in PostgreSQL, and the stream in memory */
  durable: boolean;
  say: (line: string) => void;
}): Promise<BenchStack> {
  const dataDir = mkdtempSync(join(tmpdir(), 'pistats-bench-'));
  guardFolder(dataDir);
  // PostgreSQL's own user walks through it
  chmodSync(dataDir, 0o711);
  try {
    const clients = prepareTestClients(dataDir);
    addModes(clients.deckFile);
    const stack = await startStack({ ...options, ...clients, dataDir, proxyPort: 0 });
    return {
      info: stack.info,
      dataDir,
      functionsFile: join(dataDir, 'functions.json'),
      async stop() {
        await stack.stop();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(dataDir, { recursive: true, force: true });
    throw error;
  }
}

interface DeckService {
  name: string;
  routes: { name: string; hosts?: string[]; plugins: { name: string; config: Record<string, unknown> }[] }[];
}

/** The route `register` once more for each mode, on a host of its own: a gateway that runs can measure all of them. */
function addModes(file: string): void {
  const deck = parse(readFileSync(file, 'utf8')) as { services: DeckService[] };
  const registrations = deck.services.find(({ name }) => name === 'registrations') as DeckService;
  for (const mode of ['off', 'unbounded'] as const) {
    const service = structuredClone(registrations);
    service.name = `registrations-${mode}`;
    service.routes = service.routes.filter(({ name }) => name === 'register');
    for (const route of service.routes) {
      route.name = `register-${mode}`;
      route.hosts = [hostOf(mode)];
      for (const { name, config } of route.plugins)
        if (name === 'lambda-invoke')
          Object.assign(config, {
            function: functionOf(mode),
            max_size: 1,
            max_in_flight: IN_FLIGHT[mode] ?? config.max_in_flight,
          });
    }
    deck.services.push(service);
  }
  writeFileSync(file, stringify(deck));
}

/** A plan that registers for the test clients in turn, as pages of their origin do. */
export function registrationPlan(
  info: RunInfo,
  plan: Pick<LoadPlan, 'connections' | 'seconds' | 'rate' | 'registrations'> & {
    mode?: Mode;
    clients?: string[];
  },
): LoadPlan {
  const { mode = 'on', clients = ['first', 'second'], ...rest } = plan;
  return {
    ...rest,
    url: `${info.proxyUrl}/v1/registrations`,
    method: 'POST',
    headers: { host: hostOf(mode), origin: TEST_ORIGIN },
    keys: clients.map((client) => info.keys[client]?.pk as string),
  };
}
