import { type Bounds, DEFAULT_BOUNDS } from '../../stream/admission.ts';

export interface SpoolSettings {
  /** undefined: no spool */
  dir: string | undefined;
  bounds: Bounds;
}

/**
 * PISTATS_SPOOL_DIR, PISTATS_SPOOL_MAX_BYTES and PISTATS_SPOOL_MAX_MINUTES: a node's own, hence not deck.yaml's.
 * An empty variable is none.
 * @throws Error naming the variable that is no positive number
 */
export function readSpoolSettings(env: NodeJS.ProcessEnv = process.env): SpoolSettings {
  const positive = (name: string, byDefault: number) => {
    const value = env[name] ? Number(env[name]) : byDefault;
    if (!(value > 0)) throw new Error(`${name} is "${env[name]}": it must be a number above 0`);
    return value;
  };
  return {
    dir: env.PISTATS_SPOOL_DIR || undefined,
    bounds: {
      maxBytes: positive('PISTATS_SPOOL_MAX_BYTES', DEFAULT_BOUNDS.maxBytes),
      maxAgeMs: positive('PISTATS_SPOOL_MAX_MINUTES', DEFAULT_BOUNDS.maxAgeMs / 60_000) * 60_000,
    },
  };
}
