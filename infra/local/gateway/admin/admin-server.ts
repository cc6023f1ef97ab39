import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Log } from '../log.ts';
import type { AdminAnswer, AdminRequest } from './admin-api.ts';
import { AdminError, badJson } from './admin-errors.ts';
import type { Fields } from './read-entity.ts';

/** Kong's own: admin_listen's client_max_body_size */
const MAX_BODY_BYTES = 10 * 1024 * 1024;
const UNSUPPORTED_MEDIA_TYPE = [
  '<html>',
  '<head><title>415 Unsupported Media Type</title></head>',
  '<body>',
  '<center><h1>415 Unsupported Media Type</h1></center>',
  '</body>',
  '</html>\n',
].join('\r\n');

/** HTTP around the Admin API: JSON in, JSON out, and no stack trace ever. */
export function createAdminServer(api: (request: AdminRequest) => Promise<AdminAnswer>, log: Log): Server {
  return createServer(async (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://admin');
    try {
      const text = await readBody(req);
      if (text !== '' && !/^application\/json\b/i.test(req.headers['content-type'] ?? '')) {
        res.writeHead(415, { 'Content-Type': 'text/html; charset=UTF-8' }).end(UNSUPPORTED_MEDIA_TYPE);
        return;
      }
      const body = text === '' ? {} : parseBody(text);
      send(res, await api({ method: req.method ?? 'GET', path: pathname, query: searchParams, body }));
    } catch (error) {
      if (error instanceof AdminError) return send(res, { status: error.status, body: error.body });
      log('err', `admin: ${(error as Error).message}`, { path: pathname });
      send(res, { status: 500, body: { message: 'An unexpected error occurred' } });
    }
  });
}

function parseBody(text: string): Fields {
  try {
    const body = JSON.parse(text) as unknown;
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Fields;
  } catch {
    // answered below
  }
  throw badJson();
}

async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new AdminError(413, { message: 'Payload too large' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function send(res: ServerResponse, { status, body }: AdminAnswer): void {
  if (res.headersSent || res.destroyed) return;
  if (body === undefined) {
    res.writeHead(status).end();
    return;
  }
  const text = JSON.stringify(body);
  res.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  });
  res.end(text);
}
