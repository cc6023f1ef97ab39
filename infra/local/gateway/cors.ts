import type { RequestContext } from './context.ts';
import type { Plugin } from './plugin.ts';
import { firstHeader } from './request-headers.ts';

interface CorsConfig {
  origins?: string[];
  headers?: string[];
  exposed_headers?: string[];
  methods?: string[];
  max_age?: number;
  credentials: boolean;
  private_network: boolean;
  preflight_continue: boolean;
}

const METHODS = ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'];
const PLAIN_ORIGIN = /^[A-Za-z0-9.:/-]+$/;
const strings = { type: 'array', elements: { type: 'string' } } as const;

/** scheme://host[:port] with the scheme's own port left out, and the host alone. */
function normalize(origin: string): { domain: string; host: string } {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/:?#]+|\[[^\]]+\])(?::(\d+))?/i.exec(origin);
  if (!match) return { domain: origin, host: origin };
  const [, scheme = '', host = '', port] = match;
  const isDefault = (scheme === 'http' && port === '80') || (scheme === 'https' && port === '443');
  return { domain: `${scheme}://${host}${port && !isDefault ? `:${port}` : ''}`, host };
}

function matches(entry: string, origin: { domain: string; host: string }): boolean {
  if (PLAIN_ORIGIN.test(entry)) return normalize(entry).domain === origin.domain;
  const subject = entry.includes(':') ? origin.domain : origin.host;
  return new RegExp(`^(?:${entry.replace(/^\^/, '').replace(/\$$/, '')})$`).test(subject);
}

/** Sets Access-Control-Allow-Origin; true when every origin is allowed. */
function allowOrigin(ctx: RequestContext, config: CorsConfig, origin: string | undefined): boolean {
  const origins = config.origins ?? [];
  const headers = ctx.responseHeaders;
  if (origins.length === 0 || (origins.length === 1 && origins[0] === '*')) {
    headers.set('Access-Control-Allow-Origin', '*');
    return true;
  }
  headers.add('vary', 'Origin');
  if (origins.length === 1 && PLAIN_ORIGIN.test(origins[0] as string)) {
    headers.set('Access-Control-Allow-Origin', origins[0] as string);
    return false;
  }
  if (origin !== undefined) {
    if (origins.includes('*')) {
      headers.set('Access-Control-Allow-Origin', '*');
      return true;
    }
    const asked = normalize(origin);
    if (origins.some((entry) => matches(entry, asked))) {
      headers.set('Access-Control-Allow-Origin', asked.domain);
      return false;
    }
  }
  headers.remove('Access-Control-Allow-Origin');
  return false;
}

function allowCredentials(ctx: RequestContext, config: CorsConfig, all: boolean, origin?: string): void {
  if (!config.credentials || (all && origin === undefined)) return;
  if (all) {
    ctx.responseHeaders.add('vary', 'Origin');
    ctx.responseHeaders.set('Access-Control-Allow-Origin', origin as string);
  }
  ctx.responseHeaders.set('Access-Control-Allow-Credentials', 'true');
}

export const cors: Plugin = {
  name: 'cors',
  priority: 2000,
  schema: {
    fields: [
      {
        origins: {
          ...strings,
          elements: {
            type: 'string',
            check: (entry: string) => {
              try {
                new RegExp(entry === '*' ? '' : entry);
                return undefined;
              } catch {
                return `'${entry}' is not a valid regex`;
              }
            },
          },
        },
      },
      { headers: strings },
      { exposed_headers: strings },
      { methods: { type: 'array', default: METHODS, elements: { type: 'string', one_of: METHODS } } },
      { max_age: { type: 'number' } },
      { credentials: { type: 'boolean', required: true, default: false } },
      { private_network: { type: 'boolean', required: true, default: false } },
      { preflight_continue: { type: 'boolean', required: true, default: false } },
    ],
  },
  /** A preflight (OPTIONS with Origin and Access-Control-Request-Method) is answered here, before any authentication. */
  access(ctx, entity, state) {
    const config = entity.config as unknown as CorsConfig;
    const origin = firstHeader(ctx.headers, 'origin');
    const asked = firstHeader(ctx.headers, 'access-control-request-method');
    if (ctx.method !== 'OPTIONS' || origin === undefined || asked === undefined) return;
    state.set('preflight', true);
    if (config.preflight_continue) return;

    allowCredentials(ctx, config, allowOrigin(ctx, config, origin), origin);
    const allowed = config.headers?.length
      ? config.headers.join(',')
      : firstHeader(ctx.headers, 'access-control-request-headers');
    if (allowed !== undefined) ctx.responseHeaders.set('Access-Control-Allow-Headers', allowed);
    ctx.responseHeaders.set('Access-Control-Allow-Methods', (config.methods ?? METHODS).join(','));
    if (config.max_age !== undefined) ctx.responseHeaders.set('Access-Control-Max-Age', `${config.max_age}`);
    if (
      config.private_network &&
      firstHeader(ctx.headers, 'access-control-request-private-network') === 'true'
    )
      ctx.responseHeaders.set('Access-Control-Allow-Private-Network', 'true');
    ctx.exit = { status: 200, headers: {} };
  },
  headerFilter(ctx, entity, state) {
    if (state.get('preflight')) return;
    const config = entity.config as unknown as CorsConfig;
    const origin = firstHeader(ctx.headers, 'origin');
    allowCredentials(ctx, config, allowOrigin(ctx, config, origin), origin);
    if (config.exposed_headers?.length)
      ctx.responseHeaders.set('Access-Control-Expose-Headers', config.exposed_headers.join(','));
  },
};
