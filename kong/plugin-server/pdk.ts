import type { Kong } from '../../plugins/pdk.ts';
import type { MethodName } from './pdk-methods.ts';

export type CallFunction = (name: MethodName, ...args: unknown[]) => Promise<unknown>;

/** Kong's PDK for one event: each method is a call to Kong under its Lua name. */
export function createPdk(call: CallFunction): Kong {
  // what a call gives is as its method in pdk-methods.ts decodes it
  const typed = call as <T>(name: MethodName, ...args: unknown[]) => Promise<T>;
  return {
    client: {
      getForwardedIp: () => typed('kong.client.get_forwarded_ip'),
      loadConsumer: (id, byUsername) => typed('kong.client.load_consumer', id, byUsername),
      authenticate: (consumer, credential) => typed('kong.client.authenticate', consumer, credential),
    },
    ctx: {
      shared: {
        get: (key) => typed('kong.ctx.shared.get', key),
        set: (key, value) => typed('kong.ctx.shared.set', key, value),
      },
    },
    log: {
      err: (...message) => typed('kong.log.err', ...message),
    },
    nginx: {
      getVar: (name) => typed('kong.nginx.get_var', name),
      reqStartTime: () => typed('kong.nginx.req_start_time'),
    },
    request: {
      getHeader: (name) => typed('kong.request.get_header', name),
      getMethod: () => typed('kong.request.get_method'),
      getPath: () => typed('kong.request.get_path'),
      getRawQuery: () => typed('kong.request.get_raw_query'),
      getRawBody: () => typed('kong.request.get_raw_body'),
    },
    response: {
      exit: (status, body, headers) => typed('kong.response.exit', status, body, headers),
    },
  };
}
