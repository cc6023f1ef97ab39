import type { RequestContext } from './context.ts';
import { errorExit } from './error-response.ts';
import type { Plugin } from './plugin.ts';
import { firstHeader } from './request-headers.ts';

const UNITS: Record<string, number> = { megabytes: 2 ** 20, kilobytes: 2 ** 10, bytes: 1 };

function refuse(ctx: RequestContext, status: number, message: string): void {
  const accept = firstHeader(ctx.headers, 'accept');
  ctx.exit = errorExit(status, { accept, requestId: ctx.requestId }, message);
}

export const requestSizeLimiting: Plugin = {
  name: 'request-size-limiting',
  priority: 951,
  schema: {
    fields: [
      { allowed_payload_size: { type: 'integer', default: 128 } },
      { size_unit: { type: 'string', required: true, default: 'megabytes', one_of: Object.keys(UNITS) } },
      { require_content_length: { type: 'boolean', required: true, default: false } },
    ],
  },
  async access(ctx, entity) {
    const limit = (entity.config.allowed_payload_size as number) * (UNITS[`${entity.config.size_unit}`] ?? 1);
    const declared = firstHeader(ctx.headers, 'content-length');
    let size = Number(declared);
    if (declared === undefined || Number.isNaN(size)) {
      if (entity.config.require_content_length && ctx.headers.has('transfer-encoding'))
        return refuse(ctx, 411, 'A valid Content-Length header is required');
      const read = await ctx.readBody();
      size = read.ok ? read.body.length : Number.POSITIVE_INFINITY;
    }
    if (size <= limit) return;
    const expects = firstHeader(ctx.headers, 'expect')?.trim().toLowerCase() === '100-continue';
    refuse(ctx, expects ? 417 : 413, 'Request size limit exceeded');
  },
};
