// `node --import` of a plugin server that is measured without pipelined PDK calls: the product has no switch for it.
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, nextResolve) {
    const ours =
      specifier === './pdk-client.ts' && context.parentURL?.endsWith('/plugin-server/connection.ts');
    return ours
      ? { url: new URL('one-call-pdk.ts', import.meta.url).href, shortCircuit: true }
      : nextResolve(specifier, context);
  },
});
