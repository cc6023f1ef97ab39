import { messageExit } from './error-response.ts';
import type { Plugin } from './plugin.ts';

const MESSAGES: Record<number, string> = {
  401: 'Unauthorized',
  404: 'Not found',
  405: 'Method not allowed',
  500: 'An unexpected error occurred',
  502: 'Bad Gateway',
  503: 'Service unavailable',
};

export const requestTermination: Plugin = {
  name: 'request-termination',
  priority: 2,
  schema: {
    fields: [
      { status_code: { type: 'integer', required: true, default: 503, between: [100, 599] } },
      { message: { type: 'string' } },
      { content_type: { type: 'string' } },
      { body: { type: 'string' } },
      {
        echo: {
          type: 'boolean',
          required: true,
          default: false,
          check: (value: boolean) => (value ? 'true is not supported by the embedded gateway' : undefined),
        },
      },
      { trigger: { type: 'string' } },
    ],
  },
  check({ message, content_type: type, body }) {
    if (message !== undefined && (type !== undefined || body !== undefined))
      return 'message cannot be used with content_type or body';
    if (type !== undefined && body === undefined) return 'content_type requires a body';
    return undefined;
  },
  access(ctx, { config }) {
    const trigger = config.trigger as string | undefined;
    if (
      trigger !== undefined &&
      !ctx.headers.has(trigger.toLowerCase()) &&
      !new URLSearchParams(ctx.rawQuery).has(trigger)
    )
      return;
    const status = config.status_code as number;
    if (config.body === undefined) {
      ctx.exit = messageExit(status, (config.message as string | undefined) ?? MESSAGES[status]);
      return;
    }
    const type = config.content_type as string | undefined;
    ctx.exit = {
      status,
      headers: type === undefined ? {} : { 'Content-Type': type },
      body: config.body as string,
    };
  },
};
