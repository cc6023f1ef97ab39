/** A response made by the gateway or a plugin, not by an upstream. */
export interface Exit {
  status: number;
  headers: Record<string, string | string[]>;
  body?: string | Uint8Array;
}

/** kong/pdk/response.lua, `http_messages`; a status without one gets its own sentence. */
const MESSAGES: Record<number, string> = {
  400: 'Bad request',
  401: 'Unauthorized',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request timeout',
  411: 'Length required',
  412: 'Precondition failed',
  413: 'Payload too large',
  414: 'URI too long',
  417: 'Expectation failed',
  494: 'Request header or cookie too large',
  500: 'An unexpected error occurred',
  502: 'An invalid response was received from the upstream server',
  503: 'The upstream server is currently unavailable',
  504: 'The upstream server is timing out',
};

const JSON_TYPE = 'application/json; charset=utf-8';
const MIME_TYPES: Record<string, string> = {
  'text/html': 'text/html; charset=utf-8',
  'text/plain': 'text/plain; charset=utf-8',
  'application/json': JSON_TYPE,
  'application/xml': 'application/xml; charset=utf-8',
  'application/grpc': 'application/grpc',
  application: JSON_TYPE,
  text: 'text/html; charset=utf-8',
};

const MEDIA_RANGE =
  /^((?:[a-z0-9][a-z0-9\-!#$&^_+.]+|\*)\/(?:[a-z0-9][a-z0-9\-!#$&^_+.]+|\*))(?:\s*;\s*q=(1(?:\.0{0,3}|)|0(?:\.\d{0,3}|))|\s*;\s*[a-z0-9][a-z0-9\-!#$&^_+.]+(?:=[^;]*|))*/i;

/** The media type of Kong's own error bodies for an Accept header (kong/tools/http.lua, get_response_type). */
export function errorType(accept: string | undefined): string {
  let chosen = JSON_TYPE;
  let highest = 0;
  for (const range of (accept ?? '').split(',')) {
    const match = MEDIA_RANGE.exec(range.trim());
    if (!match) continue;
    const quality = match[2] === undefined ? 1 : Number(match[2]);
    if (quality <= highest) continue;
    highest = quality;
    const [type = '', subtype] = (match[1] as string).split('/');
    const name = subtype === '*' ? type : (match[1] as string);
    chosen = MIME_TYPES[name] ?? JSON_TYPE;
  }
  return chosen;
}

function errorBody(type: string, message: string, requestId: string): string {
  if (type.startsWith('text/html'))
    return `<!doctype html>
<html>
  <head>
    <meta charset="utf-8">
    <title>Error</title>
  </head>
  <body>
    <h1>Error</h1>
    <p>${message}.</p>
    <p>request_id: ${requestId}</p>
  </body>
</html>
`;
  if (type.startsWith('text/plain')) return `${message}\nrequest_id: ${requestId}\n`;
  if (type.startsWith('application/xml'))
    return `<?xml version="1.0" encoding="UTF-8"?>
<error>
  <message>${message}</message>
  <requestid>${requestId}</requestid>
</error>
`;
  if (type.startsWith('application/grpc')) return '';
  return `{\n  "message":"${message}",\n  "request_id":"${requestId}"\n}`;
}

/** `kong.response.error`: a body in the form the client accepts, with the request id. */
export function errorExit(
  status: number,
  request: { accept: string | undefined; requestId: string },
  message = MESSAGES[status] ?? `The upstream server responded with ${status}`,
  headers: Record<string, string> = {},
): Exit {
  const type = errorType(request.accept);
  return {
    status,
    headers: { 'Content-Type': type, ...headers },
    body: errorBody(type, message, request.requestId),
  };
}

/** nginx's own page: Kong's error handler is not asked for a 501. */
export function notImplementedExit(): Exit {
  const title = '501 Not Implemented';
  return {
    status: 501,
    headers: { 'Content-Type': 'text/html' },
    body: `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>openresty</center>\r\n</body>\r\n</html>\r\n`,
  };
}

/** What Kong answers when a plugin's Lua code raises: a table body, so compact JSON and no request id. */
export function raisedExit(): Exit {
  return {
    status: 500,
    headers: { 'Content-Type': JSON_TYPE },
    body: JSON.stringify({ message: MESSAGES[500] }),
  };
}

/** `kong.response.exit(status, { message })`. */
export function messageExit(status: number, message: string | undefined): Exit {
  if (message === undefined) return { status, headers: {} };
  return { status, headers: { 'Content-Type': JSON_TYPE }, body: JSON.stringify({ message }) };
}
