import type { PluginEntity } from './config-types.ts';
import type { RequestContext } from './context.ts';
import type { RecordSchema } from './schema.ts';

/**
 * A plugin as the chain runs it. `access` answers the request by setting `ctx.exit`; `headerFilter` runs for every
 * plugin of the request, also those whose turn did not come. State of one request lives in `state`.
 */
export interface Plugin {
  name: string;
  /** Kong's: the higher, the earlier */
  priority: number;
  schema: RecordSchema;
  /** checks that reach over several fields; the sentence says what is wrong */
  check?(config: Record<string, unknown>): string | undefined;
  access?(ctx: RequestContext, entity: PluginEntity, state: PluginState): void | Promise<void>;
  headerFilter?(ctx: RequestContext, entity: PluginEntity, state: PluginState): void;
}

export type PluginState = Map<string, unknown>;
