import { addUp, byClient } from './balance.ts';
import type { Audit } from './run.ts';

/** The whole audit as a document; every list is complete. */
export function auditJson({ window, rows, facts, balanced, ...rest }: Audit) {
  return {
    from: window.from,
    to: window.to,
    balanced,
    total: addUp(rows),
    clients: byClient(rows),
    minutes: rows,
    facts,
    ...rest,
  };
}
