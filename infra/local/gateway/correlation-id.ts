import { randomUUID } from 'node:crypto';
import type { Plugin } from './plugin.ts';
import { firstHeader } from './request-headers.ts';

const WORKER_ID = randomUUID();
let counter = 0;

function generate(generator: string): string {
  if (generator === 'uuid') return randomUUID();
  counter += 1;
  return `${WORKER_ID}#${counter}`;
}

export const correlationId: Plugin = {
  name: 'correlation-id',
  priority: 100001,
  schema: {
    fields: [
      { header_name: { type: 'string', default: 'Kong-Request-ID' } },
      {
        generator: {
          type: 'string',
          required: true,
          default: 'uuid#counter',
          one_of: ['uuid', 'uuid#counter', 'tracker'],
          check: (value: string) =>
            value === 'tracker' ? "'tracker' is not supported by the embedded gateway" : undefined,
        },
      },
      { echo_downstream: { type: 'boolean', required: true, default: false } },
    ],
  },
  access(ctx, entity, state) {
    const name = entity.config.header_name as string;
    state.set('id', firstHeader(ctx.headers, name) || generate(entity.config.generator as string));
  },
  headerFilter(ctx, entity, state) {
    const id = state.get('id');
    if (entity.config.echo_downstream && typeof id === 'string')
      ctx.responseHeaders.set(entity.config.header_name as string, id);
  },
};
