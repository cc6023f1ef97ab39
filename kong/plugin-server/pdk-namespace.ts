import { METHODS } from './pdk-methods.ts';

export type CallFunction = (name: string, args: unknown[]) => Promise<unknown>;

const CALL = Symbol('call');
interface Caller {
  [CALL]: CallFunction;
}
type Namespace = new (call: CallFunction) => object;

/** `getHeader` → `get_header`, as kong-pdk names Kong's methods. */
const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/**
 * `kong` for one event: `kong.request.getHeader(…)` calls `kong.request.get_header`. The shape is made once for all events: a
 * proxy for each of them took a tenth of the plugin server's time.
 */
export const createNamespace: (call: CallFunction) => object = (
  (Kong) => (call: CallFunction) =>
    new Kong(call)
)(namespace('kong'));

function namespace(path: string): Namespace {
  const below = Object.keys(METHODS).filter((name) => name.startsWith(`${path}.`));
  const parts = new Set(below.map((name) => name.slice(path.length + 1).split('.')[0] as string));
  const inner = [...parts].filter((part) => !Object.hasOwn(METHODS, `${path}.${part}`));
  const namespaces = inner.map((part) => [part, namespace(`${path}.${part}`)] as const);
  function Members(this: Record<string, object> & Caller, call: CallFunction) {
    this[CALL] = call;
    for (const [part, Inner] of namespaces) this[part] = new Inner(call);
  }
  for (const part of parts) {
    const name = `${path}.${part}`;
    if (!Object.hasOwn(METHODS, name)) continue;
    Members.prototype[camel(part)] = function (this: Caller, ...args: unknown[]) {
      return this[CALL](name, args);
    };
  }
  Object.setPrototypeOf(Members.prototype, unknownOf(path));
  return Members as unknown as Namespace;
}

/** Behind what there is: whatever else a plugin asks for is called too, and so refused by its name. */
function unknownOf(path: string): object {
  return new Proxy(Object.create(null), {
    get(_target, property, receiver: Caller) {
      // a promise must not take this for one
      if (typeof property !== 'string' || property === 'then') return undefined;
      return unknown(`${path}.${snake(property)}`, receiver[CALL]);
    },
  });
}

function unknown(path: string, call: CallFunction): object {
  return new Proxy(() => {}, {
    get(_target, property) {
      if (typeof property !== 'string' || property === 'then') return undefined;
      return unknown(`${path}.${snake(property)}`, call);
    },
    apply: (_target, _this, args) => call(path, args),
  });
}
