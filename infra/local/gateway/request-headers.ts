import type { IncomingMessage } from 'node:http';

/** The request's headers as Kong's PDK sees them: names in lower case, every value kept apart, in order of arrival. */
export type RequestHeaders = Map<string, string[]>;

export function readHeaders(req: IncomingMessage): RequestHeaders {
  const headers: RequestHeaders = new Map();
  const raw = req.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    const values = headers.get(name);
    if (values) values.push(raw[i + 1] as string);
    else headers.set(name, [raw[i + 1] as string]);
  }
  return headers;
}

/** `kong.request.get_header`: the first value; `_` in the name stands for `-`. */
export function firstHeader(headers: RequestHeaders, name: string): string | undefined {
  return headers.get(name.toLowerCase().replaceAll('_', '-'))?.[0];
}
