import type { FieldSchema, RecordSchema } from './schema.ts';

/** Kong 3.9's entities (GET /schemas/…) in the shape decK nests them; what this gateway can't honour is marked. */
const NAME = /^[0-9A-Za-z.\-_~]+$/;
const HTTP = ['grpc', 'grpcs', 'http', 'https'];
const PROTOCOLS = [...HTTP, 'tcp', 'tls', 'tls_passthrough', 'udp'];

const name: FieldSchema = {
  type: 'string',
  required: true,
  check: (value: string) =>
    NAME.test(value)
      ? undefined
      : `invalid value '${value}': the only accepted ascii characters are alphanumerics or ., -, _, and ~`,
};
const id: FieldSchema = { type: 'string', uuid: true };
const tags: FieldSchema = {
  type: 'set',
  elements: {
    type: 'string',
    required: true,
    check: (tag: string) =>
      /^[^,/]+$/.test(tag) ? undefined : `invalid tag '${tag}': expected no ',' and no '/'`,
  },
};
const reference: FieldSchema = { type: 'foreign' };
const milliseconds: FieldSchema = { type: 'integer', default: 60_000, between: [1, 2_147_483_646] };
const noEmptySegments = (value: string) =>
  value.includes('//') ? 'must not have empty segments' : undefined;

/** Nested entities are checked by themselves, so only that they are lists is checked here. */
const list: FieldSchema = { type: 'array' };

export const SERVICE: RecordSchema = {
  fields: [
    { id },
    { name },
    { url: { type: 'string' } },
    {
      protocol: {
        type: 'string',
        default: 'http',
        one_of: PROTOCOLS,
        check: (value: string) =>
          value === 'http' ? undefined : `'${value}' is not supported by the embedded gateway`,
      },
    },
    { host: { type: 'string' } },
    { port: { type: 'integer', default: 80, between: [0, 65_535] } },
    { path: { type: 'string', starts_with: '/', check: noEmptySegments } },
    { retries: { type: 'integer', default: 5, between: [0, 32_767] } },
    { connect_timeout: milliseconds },
    { write_timeout: milliseconds },
    { read_timeout: milliseconds },
    { enabled: { type: 'boolean', required: true, default: true } },
    { tags },
    { client_certificate: { type: 'foreign', reference: 'certificates', unsupported: true } },
    { ca_certificates: { type: 'array', elements: { type: 'string', uuid: true }, unsupported: true } },
    { tls_verify: { type: 'boolean', unsupported: true } },
    { tls_verify_depth: { type: 'integer', default: null, between: [0, 64], unsupported: true } },
    { routes: list },
    { plugins: list },
  ],
};

/** Look-around and back references: JavaScript has them, the Rust regex crate of Kong's router has not. */
const NOT_IN_RUST = /\(\?(?:=|!|<=|<!)|\\[1-9]|\\k</;

function pathViolation(path: string): string | undefined {
  if (!path.startsWith('/') && !path.startsWith('~/'))
    return 'should start with: / (fixed path) or ~/ (regex path)';
  if (path.includes('//')) return 'must not have empty segments';
  if (!path.startsWith('~')) return undefined;
  if (NOT_IN_RUST.test(path)) return `'${path}': look-around and back references are not supported`;
  try {
    new RegExp(path.slice(1));
    return undefined;
  } catch {
    return `'${path}' is not a valid regex`;
  }
}

function hostViolation(host: string): string | undefined {
  if (host.split('*').length > 2) return 'invalid wildcard: must have at most one wildcard';
  if (host.includes('*') && !host.startsWith('*.') && !host.endsWith('.*'))
    return 'invalid wildcard: must be placed at leftmost or rightmost label';
  return undefined;
}

/** of stream routes */
const addresses: FieldSchema = {
  type: 'set',
  unsupported: true,
  elements: {
    type: 'record',
    fields: [{ ip: { type: 'string' } }, { port: { type: 'integer', between: [0, 65_535] } }],
  },
};

export const ROUTE: RecordSchema = {
  fields: [
    { id },
    { name },
    {
      protocols: {
        type: 'set',
        required: true,
        default: ['http', 'https'],
        len_min: 1,
        elements: {
          type: 'string',
          one_of: PROTOCOLS,
          check: (value: string) =>
            value === 'http' || value === 'https'
              ? undefined
              : `'${value}' is not supported by the embedded gateway`,
        },
      },
    },
    {
      methods: {
        type: 'set',
        elements: {
          type: 'string',
          check: (value: string) => (/^[A-Z]+$/.test(value) ? undefined : `invalid value: ${value}`),
        },
      },
    },
    { hosts: { type: 'array', elements: { type: 'string', check: hostViolation } } },
    { paths: { type: 'array', elements: { type: 'string', check: pathViolation } } },
    {
      headers: {
        type: 'map',
        keys: {
          type: 'string',
          check: (key: string) =>
            key.toLowerCase() === 'host'
              ? "cannot contain 'host' header, which must be specified in the 'hosts' attribute"
              : undefined,
        },
        values: { type: 'array', elements: { type: 'string' } },
      },
    },
    {
      https_redirect_status_code: {
        type: 'integer',
        required: true,
        default: 426,
        one_of: [426, 301, 302, 307, 308],
      },
    },
    { regex_priority: { type: 'integer', default: 0 } },
    { strip_path: { type: 'boolean', required: true, default: true } },
    { preserve_host: { type: 'boolean', required: true, default: false } },
    { request_buffering: { type: 'boolean', required: true, default: true } },
    { response_buffering: { type: 'boolean', required: true, default: true } },
    {
      path_handling: {
        type: 'string',
        default: 'v0',
        one_of: ['v0', 'v1'],
        check: (value: string) =>
          value === 'v1' ? "'v1' is not supported by the embedded gateway" : undefined,
      },
    },
    { tags },
    { service: reference },
    { snis: { type: 'set', elements: { type: 'string' }, unsupported: true } },
    { sources: addresses },
    { destinations: addresses },
    { plugins: list },
  ],
};

export const CONSUMER: RecordSchema = {
  fields: [
    { id },
    { username: { type: 'string' } },
    { custom_id: { type: 'string' } },
    { tags },
    { plugins: list },
    ...[
      'keyauth_credentials',
      'acls',
      'basicauth_credentials',
      'jwt_secrets',
      'hmacauth_credentials',
      'groups',
    ].map((field) => ({ [field]: { type: 'array', unsupported: true } as FieldSchema })),
  ],
};

/** `config` is checked against the plugin's own schema. */
export const PLUGIN: RecordSchema = {
  fields: [
    { id },
    { name: { type: 'string', required: true } },
    { instance_name: { type: 'string' } },
    { config: { type: 'map', default: {} } },
    { enabled: { type: 'boolean', required: true, default: true } },
    {
      protocols: {
        type: 'set',
        required: true,
        default: HTTP,
        elements: {
          type: 'string',
          one_of: PROTOCOLS,
          check: (value: string) =>
            HTTP.includes(value) ? undefined : `'${value}' is not supported by the embedded gateway`,
        },
      },
    },
    { tags },
    { route: reference },
    { service: reference },
    { consumer: reference },
  ],
};

export const FILE: RecordSchema = {
  fields: [
    { _format_version: { type: 'string', required: true, one_of: ['3.0'] } },
    {
      _info: {
        type: 'record',
        required: false,
        fields: [
          { select_tags: { type: 'array', elements: { type: 'string' } } },
          { defaults: { type: 'record', unsupported: true, fields: [] } },
        ],
      },
    },
    { services: list },
    { routes: list },
    { plugins: list },
    { consumers: list },
    ...['_transform', '_workspace', '_konnect', '_plugin_configs', 'upstreams', 'certificates', 'vaults'].map(
      (field) => ({ [field]: { type: 'map', unsupported: true } as FieldSchema }),
    ),
  ],
};
