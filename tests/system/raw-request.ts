import { request } from 'node:http';
import { connect } from 'node:net';
import { run } from './api.ts';

const { hostname, port } = new URL(run.proxyUrl);

export interface RawAnswer {
  /** 0: closed without an answer */
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  text: string;
}

export interface RawRequest {
  method?: string;
  path?: string;
  /** a list repeats the header */
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
  /** without Content-Length, in pieces of 1,000 bytes */
  chunked?: boolean;
}

/** No request may be left without an answer for longer: lambda-invoke's deadline is 10 s, this is half of it. */
const MAX_MS = 5_000;

/** What fetch would not send as it is. Rejects when there is no answer in time. */
export function ask({
  method = 'POST',
  path = '/',
  headers = {},
  body,
  chunked,
}: RawRequest): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      outgoing.destroy();
      reject(new Error(`no answer to ${method} ${path.slice(0, 80)} within ${MAX_MS} ms`));
    }, MAX_MS);
    const done = (answer: RawAnswer) => {
      clearTimeout(late);
      resolve(answer);
    };
    const closed = () => done({ status: 0, headers: {}, text: '' });
    const length = chunked || body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const outgoing = request(
      { hostname, port, method, path, headers: { ...length, ...headers } },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        incoming.on('error', closed);
        incoming.on('end', () => done({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }));
      },
    );
    outgoing.on('error', closed);
    if (chunked && body !== undefined) {
      const bytes = Buffer.from(body);
      for (let at = 0; at < bytes.length; at += 1_000) outgoing.write(bytes.subarray(at, at + 1_000));
    } else if (body !== undefined) outgoing.write(body);
    outgoing.end();
  });
}

/** The `code` of a problem; undefined for any other body. */
export function codeOf({ text }: RawAnswer): string | undefined {
  try {
    return JSON.parse(text).code;
  } catch {
    return undefined;
  }
}

/** Writes bytes as they are, and gives the statuses of all that came back until the gateway closed. */
export function exchange(bytes: string | Buffer): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(port), host: hostname });
    const late = setTimeout(() => {
      socket.destroy();
      reject(new Error(`the gateway did not close within ${MAX_MS} ms`));
    }, MAX_MS);
    let text = '';
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(late);
      resolve([...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, code]) => Number(code)));
    });
    socket.write(bytes);
  });
}
