import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { NewClient, RegisteredClient } from '../../lambdas/adapters/client-registry.ts';
import { STATE_DIR } from '../local/paths.ts';
import { readRunInfo } from '../local/run-info.ts';
import { StopError } from '../local/stop-error.ts';
import { BAD_USAGE } from './run-program.ts';

/** What the operator's commands need of the registry; each call may be repeated. */
export interface ClientRegistry {
  add(client: NewClient): Promise<void>;
  disable(name: string): Promise<void>;
  /** false when there is no such client */
  setIdentitySecret(name: string, secret: string): Promise<boolean>;
  list(): Promise<RegisteredClient[]>;
}

/** `--registry`, else DATABASE_URL, else that of the local stack that runs. @throws StopError when there is none */
export function registryUrl(
  option: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const given = option ?? environment.DATABASE_URL;
  if (given) return given;
  const runFile = environment.PISTATS_RUN ?? join(STATE_DIR, 'run.json');
  const url = existsSync(runFile) ? readRunInfo(runFile).registryUrl : undefined;
  if (url) return url;
  throw new StopError('no registry: give --registry, set DATABASE_URL, or start the local stack.', BAD_USAGE);
}

/** The registry at `url`; nothing is connected, nor the adapter loaded, before the first call. */
export function connectRegistry(url: string): ClientRegistry {
  const adapter = () => import('../../lambdas/adapters/client-registry.ts');
  return {
    add: async (client) => {
      const { addClient } = await adapter();
      await reach(addClient(url, client));
    },
    disable: async (name) => {
      const { disableClient } = await adapter();
      await reach(disableClient(url, name));
    },
    setIdentitySecret: async (name, secret) => {
      const { setIdentitySecret } = await adapter();
      return reach(setIdentitySecret(url, name, secret));
    },
    list: async () => {
      const { listClients } = await adapter();
      return reach(listClients(url));
    },
  };
}

/** SQLSTATEs that an operator can act on (PostgreSQL manual, appendix A). */
const REASONS: Record<string, string> = {
  '28P01': 'the password is wrong',
  '3D000': 'there is no such database',
  '42P01': 'it has no tables yet, run its migrations first',
  '42501': 'this role may not do that; use the owner',
};

/** Says what is wrong without the URL, which holds a password. */
async function reach<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof StopError) throw error;
    const { code, message } = error as { code?: string; message?: string };
    throw new StopError(
      `the registry failed: ${REASONS[code ?? ''] ?? (message || code || 'no reason given')}.`,
    );
  }
}
