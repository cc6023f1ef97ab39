import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Gateway, type GatewayOptions, startGateway } from '../../infra/local/gateway/gateway.ts';

export interface TestGateway extends Gateway {
  file: string;
  logs: string[];
  write(yaml: string): void;
}

interface Test {
  teardown(run: () => unknown): void;
}

/** A schema dump as a plugin server's query command prints it. */
export function dump(name: string, priority: number, fields: Record<string, unknown>[] = []): object {
  const schema = { name, fields: [{ config: { type: 'record', fields } }] };
  const plugin = { Name: name, Version: '1.0.0', Priority: priority, Phases: ['access'], Schema: schema };
  return { Protocol: 'ProtoBuf:1', Plugins: [plugin] };
}

/** Starts a gateway in this process and ends it with the test. */
export async function gatewayFor(
  t: Test,
  yaml: string,
  options: Partial<GatewayOptions> & { dumps?: object[] } = {},
): Promise<TestGateway> {
  const dir = mkdtempSync(join(tmpdir(), 'gw-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'deck.yaml');
  const write = (text: string) => writeFileSync(file, `_format_version: "3.0"\n${text}`);
  write(yaml);
  for (const [i, content] of (options.dumps ?? []).entries())
    writeFileSync(join(dir, `${i}.json`), JSON.stringify(content));
  const logs: string[] = [];
  const log = (level: string, message: string, details?: object) => {
    logs.push(JSON.stringify({ level, message, ...details }));
  };
  const gateway = await startGateway({ declarative: file, dumpsDir: dir, env: {}, log, ...options });
  t.teardown(() => gateway.close());
  return Object.assign(gateway, { file, logs, write });
}

export interface Answer {
  status: number;
  reason: string;
  headers: IncomingHttpHeaders;
  /** names as sent, in order */
  names: string[];
  body: string;
}

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** sent in chunks, without Content-Length */
  chunked?: boolean;
}

export function ask(port: number, path: string, { method = 'GET', headers = {}, body, chunked }: Ask = {}) {
  return new Promise<Answer>((resolve, reject) => {
    const length = body !== undefined && !chunked ? { 'content-length': `${Buffer.byteLength(body)}` } : {};
    const req = request(
      { host: '127.0.0.1', port, path, method, headers: { ...length, ...headers } },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk) => chunks.push(chunk));
        res.on('error', reject);
        res.on('end', () =>
          resolve({
            status: res.statusCode ?? 0,
            reason: res.statusMessage ?? '',
            headers: res.headers,
            names: res.rawHeaders.filter((_, i) => i % 2 === 0),
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    req.on('error', reject);
    if (chunked && body !== undefined) req.write(body);
    req.end(chunked ? undefined : body);
  });
}

/** Bytes as they are, and all that comes back until the gateway closes. */
export function askRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.on('data', (data) => {
      text += data;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

/** A service no request is to reach, with these routes or plugins under it. */
export const service = (lines: string) => `services:\n- name: s\n  url: http://s.invalid\n${lines}`;
