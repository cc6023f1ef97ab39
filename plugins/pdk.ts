/**
 * Kong's PDK as the plugins use it. Every call is a round trip to Kong; calls made in one tick leave in one write
 * under our plugin server and one after the other under the stock kong-js-pluginserver. kong-pdk's own types are
 * wrong in places (a raw body is a Buffer, not a pair), hence these.
 */
export interface Consumer {
  id: string;
  username?: string;
  custom_id?: string;
  tags?: string[];
}

export interface Credential {
  id: string;
  consumer_id: string;
}

export interface Kong {
  client: {
    /** the address of the client, behind trusted proxies the one they forward */
    getForwardedIp(): Promise<string>;
    loadConsumer(idOrUsername: string, byUsername: boolean): Promise<Consumer | undefined>;
    authenticate(consumer: Consumer, credential: Credential): Promise<void>;
  };
  ctx: {
    /** lives as long as the request; shared by its plugins */
    shared: {
      get(key: string): Promise<unknown>;
      set(key: string, value: string): Promise<void>;
    };
  };
  log: { err(...message: string[]): Promise<void> };
  nginx: {
    getVar(name: string): Promise<string | undefined>;
    /** seconds since the epoch, with milliseconds */
    reqStartTime(): Promise<number>;
  };
  request: {
    getHeader(name: string): Promise<string | undefined>;
    getMethod(): Promise<string>;
    getPath(): Promise<string>;
    getRawQuery(): Promise<string | undefined>;
    getRawBody(): Promise<Buffer | string | undefined>;
  };
  response: {
    /** ends the request; nothing may be called after it */
    exit(status: number, body?: Buffer, headers?: Record<string, string | string[]>): Promise<void>;
  };
}

/** A module that a plugin server loads: kong-pdk's interface. */
export interface PluginModule {
  Plugin: new (config: never) => { access(kong: Kong): Promise<void> };
  Name: string;
  Version: string;
  Priority: number;
  /** fields of `config` in Kong's schema language */
  Schema: Record<string, unknown>[];
  /** Called once, before the first request. @throws Error with a sentence for a person */
  open?(): void;
  /** Called once, after the last request: brings to an end within `graceMs` what must not be lost. */
  close?(graceMs: number): Promise<void>;
}
