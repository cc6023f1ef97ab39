/** The declared gateway after validation: every reference resolved, every default filled. */
export interface Service {
  id: string;
  name: string;
  protocol: 'http';
  host: string;
  port: number;
  path?: string;
  connect_timeout: number;
  write_timeout: number;
  read_timeout: number;
  retries: number;
  tags: string[];
}

export interface Route {
  id: string;
  name: string;
  protocols: string[];
  methods?: string[];
  hosts?: string[];
  paths?: string[];
  headers?: Record<string, string[]>;
  regex_priority: number;
  strip_path: boolean;
  preserve_host: boolean;
  path_handling: string;
  https_redirect_status_code: number;
  tags: string[];
  service?: Service;
}

export interface Consumer {
  id: string;
  username?: string;
  custom_id?: string;
  tags: string[];
  /** seconds since the epoch */
  created_at: number;
}

export type PluginConfig = Record<string, unknown>;

/** One configuration of a plugin and where it applies. */
export interface PluginEntity {
  id: string;
  name: string;
  config: PluginConfig;
  route?: Route;
  service?: Service;
  consumer?: Consumer;
}

export interface GatewayConfig {
  services: Service[];
  routes: Route[];
  consumers: Consumer[];
  plugins: PluginEntity[];
}

/** What is wrong with a declarative file, as one sentence that names the field. */
export class DeclarativeError extends Error {}
