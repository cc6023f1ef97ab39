import { createHash } from 'node:crypto';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';

export interface FcmStats {
  sends: number;
  tokensIssued: number;
  /** `<project>/<topic>` → addresses that are in it */
  topics: Record<string, number>;
  refused: number;
}

/** What a token's beginning makes FCM answer; anything else succeeds. Codes and statuses as FCM HTTP v1 has them. */
const BEHAVIOURS: [prefix: string, status: number, code: string][] = [
  ['gone', 404, 'UNREGISTERED'],
  ['bad', 400, 'INVALID_ARGUMENT'],
  ['sender', 403, 'SENDER_ID_MISMATCH'],
  ['quota', 429, 'QUOTA_EXCEEDED'],
  ['internal', 500, 'INTERNAL'],
  ['down', 503, 'UNAVAILABLE'],
];
const UNAVAILABLE = BEHAVIOURS[5] as (typeof BEHAVIOURS)[number];

/** What FCM answers to every call instead, until told otherwise; `hang`: nothing. */
type Outage = 'ok' | '429' | '503' | 'hang';

/** `PUT /behaviour` with one of these in its body makes an outage, or ends it; what hung then ends without an answer. */
interface Control {
  outage: Outage;
  hanging: Set<Http2ServerResponse>;
}

/** `<project>/<topic>` → tokens that are in it, as FCM keeps them: joining or leaving twice is once. */
type Members = Map<string, Set<string>>;

/** No token is kept or told: SHA-256 in hexadecimal, by which a test that knows the token finds it. */
export const tokenDigest = (token: string): string => createHash('sha256').update(token).digest('hex');

/** The FCM stand-in: FCM's HTTP v1 and Google's token endpoint over HTTP/2 and 1.1, on 127.0.0.1. Keeps no token. */
export function createFcmServer(tls: { key: string; cert: string }): {
  server: Http2SecureServer;
  stats: FcmStats;
} {
  const stats: FcmStats = { sends: 0, tokensIssued: 0, topics: {}, refused: 0 };
  const control: Control = { outage: 'ok', hanging: new Set() };
  const members: Members = new Map();
  const server = createSecureServer({ ...tls, allowHTTP1: true }, (request, response) => {
    answer(request, response, { stats, control, members }).catch(() => response.stream?.close());
  });
  server.on('sessionError', () => {});
  return { server, stats };
}

async function answer(
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  { stats, control, members }: { stats: FcmStats; control: Control; members: Members },
): Promise<void> {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { pathname, searchParams } = new URL(request.url, 'https://fcm.googleapis.com');
  const reply = (status: number, json: unknown, headers: Record<string, string> = {}) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8', ...headers });
    response.end(JSON.stringify(json));
  };
  if (pathname === '/stats') return reply(200, stats);
  // ?topic=<project>/<topic>: the digests of its tokens
  if (pathname === '/members')
    return reply(200, [...(members.get(searchParams.get('topic') ?? '') ?? [])].sort());
  if (pathname === '/behaviour' && request.method === 'PUT') {
    control.outage = body as Outage;
    for (const hung of control.hanging) hung.stream?.close();
    control.hanging.clear();
    return reply(200, stats);
  }
  if (pathname === '/token' && request.method === 'POST') {
    stats.tokensIssued++;
    return reply(200, {
      access_token: `local-${stats.tokensIssued}`,
      expires_in: 3600,
      token_type: 'Bearer',
    });
  }
  if (!/^Bearer ./.test(request.headers.authorization ?? ''))
    return reply(401, errorBody(401, 'UNAUTHENTICATED'));

  const send = /^\/v1\/projects\/([^/]+)\/messages:send$/.exec(pathname);
  const subscription =
    /^\/v1\/projects\/([^/]+)\/registrations\/([^/]+)\/topicSubscriptions(?:\/([^/]+))?$/.exec(pathname);
  if ((send || subscription) && control.outage !== 'ok') {
    stats.refused++;
    if (control.outage === 'hang') return void control.hanging.add(response);
    const [, status, code] =
      BEHAVIOURS.find(([, status]) => String(status) === control.outage) ?? UNAVAILABLE;
    return reply(status, errorBody(status, code), { 'retry-after': '1' });
  }
  const token = send
    ? String(JSON.parse(body).message?.token ?? '')
    : decodeURIComponent(subscription?.[2] ?? '');
  const refusal = BEHAVIOURS.find(([prefix]) => token.startsWith(prefix));
  if ((send || subscription) && refusal) {
    stats.refused++;
    const [, status, code] = refusal;
    return reply(status, errorBody(status, code), status === 429 ? { 'retry-after': '1' } : {});
  }
  if (send) {
    stats.sends++;
    return reply(200, { name: `projects/${send[1]}/messages/${stats.sends}` });
  }
  if (subscription) {
    const joins = request.method === 'POST';
    const topic = joins ? searchParams.get('topic_name') : decodeURIComponent(subscription[3] ?? '');
    const name = `${subscription[1]}/${topic}`;
    const tokens = members.get(name) ?? new Set();
    members.set(name, tokens);
    if (joins) tokens.add(tokenDigest(token));
    else tokens.delete(tokenDigest(token));
    stats.topics[name] = tokens.size;
    return reply(200, {});
  }
  return reply(404, errorBody(404, 'NOT_FOUND'));
}

function errorBody(status: number, code: string) {
  const details = [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: code }];
  return { error: { code: status, status: code, message: `FCM stand-in: ${code}`, details } };
}
