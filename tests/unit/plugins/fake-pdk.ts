import type { Consumer, Credential, Kong } from '../../../plugins/pdk.ts';

export interface Request {
  method?: string;
  path?: string;
  query?: string;
  headers?: Record<string, string>;
  body?: Buffer | string;
  ip?: string;
  requestId?: string | null;
  /** seconds since the epoch */
  startTime?: number;
  consumers?: Consumer[];
  /** what plugins before this one left in kong.ctx.shared */
  shared?: Record<string, string>;
}
export interface Exit {
  status: number;
  body: string;
  headers: Record<string, string | string[]>;
}
export interface FakePdk {
  kong: Kong;
  /** every call as `method(arguments)` */
  calls: string[];
  logs: string[];
  shared: Map<string, string>;
  authenticated: { consumer: Consumer; credential: Credential }[];
  /** round trips: calls of one tick count once */
  readonly rounds: number;
  readonly exit: Exit | undefined;
  /** the code of the problem that ended the request */
  readonly code: string | undefined;
}

/** Kong for one request, as a plugin sees it. Like the real one it refuses any call after an exit. */
export function fakePdk(request: Request = {}): FakePdk {
  const calls: string[] = [];
  const logs: string[] = [];
  const shared = new Map(Object.entries(request.shared ?? {}));
  const authenticated: FakePdk['authenticated'] = [];
  const headers = request.headers ?? {};
  let rounds = 0;
  let exit: Exit | undefined;
  let round: Promise<void> | undefined;

  async function answer<T>(name: string, args: unknown[], value: () => T): Promise<T> {
    if (exit) throw new Error('closed');
    calls.push(`${name}(${args.map(String).join()})`);
    if (!round) {
      rounds++;
      round = new Promise((resolve) =>
        setImmediate(() => {
          round = undefined;
          resolve();
        }),
      );
    }
    await round;
    return value();
  }

  const kong: Kong = {
    client: {
      getForwardedIp: () => answer('getForwardedIp', [], () => request.ip ?? '203.0.113.7'),
      loadConsumer: (name, byUsername) =>
        answer('loadConsumer', [name, byUsername], () =>
          request.consumers?.find(({ username }) => username === name),
        ),
      authenticate: (consumer, credential) =>
        answer('authenticate', [], () => void authenticated.push({ consumer, credential })),
    },
    ctx: {
      shared: {
        get: (key) => answer('shared.get', [key], () => shared.get(key)),
        set: (key, value) => answer('shared.set', [key], () => void shared.set(key, value)),
      },
    },
    log: { err: (...message) => answer('log.err', [], () => void logs.push(message.join(''))) },
    nginx: {
      getVar: (name) =>
        answer('getVar', [name], () =>
          request.requestId === null ? undefined : (request.requestId ?? 'req-1'),
        ),
      reqStartTime: () => answer('reqStartTime', [], () => request.startTime ?? 1_791_000_000.25),
    },
    request: {
      getHeader: (name) => answer('getHeader', [name], () => headers[name]),
      getMethod: () => answer('getMethod', [], () => request.method ?? 'POST'),
      getPath: () => answer('getPath', [], () => request.path ?? '/v1/registrations'),
      getRawQuery: () => answer('getRawQuery', [], () => request.query),
      getRawBody: () => answer('getRawBody', [], () => request.body),
    },
    response: {
      async exit(status, body, given = {}) {
        if (exit) throw new Error('closed');
        calls.push(`exit(${status})`);
        if (!round) rounds++;
        exit = { status, body: body?.toString() ?? '', headers: given };
      },
    },
  };
  return {
    kong,
    calls,
    logs,
    shared,
    authenticated,
    get rounds() {
      return rounds;
    },
    get exit() {
      return exit;
    },
    get code() {
      return exit && (JSON.parse(exit.body) as { code?: string }).code;
    },
  };
}
