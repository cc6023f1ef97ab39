import { requireKong } from './kong.ts';
import type { GatewayKind } from './stack-gateway.ts';
import { StopError } from './stop-error.ts';

/** What `--gateway` was given; a Kong that is not there is said before anything is started. @throws StopError */
export function readGateway(value: unknown): GatewayKind {
  if (value !== 'embedded' && value !== 'kong')
    throw new StopError(`--gateway takes embedded or kong, not "${value}".`, 2);
  if (value === 'kong') requireKong();
  return value;
}
