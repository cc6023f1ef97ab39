import type { IncomingMessage } from 'node:http';
import type { Json } from '../../../kong/protocol/protobuf.ts';
import type { Consumer, Route, Service } from './config-types.ts';
import type { Exit } from './error-response.ts';
import type { HeaderBag } from './header-bag.ts';
import type { BodyRead } from './request-body.ts';
import type { RequestHeaders } from './request-headers.ts';

export interface Credential {
  id: string;
  consumer_id: string;
}

/** One request on its way through the gateway: what Kong keeps in nginx variables and `ngx.ctx`. */
export interface RequestContext {
  req: IncomingMessage;
  /** 32 hexadecimal digits: `X-Kong-Request-Id`, also nginx's `kong_request_id` */
  requestId: string;
  /** milliseconds since the epoch */
  startedAt: number;
  method: string;
  /** path and query as sent */
  uri: string;
  rawQuery: string;
  /** normalised: what routes match on and plugins see */
  path: string;
  headers: RequestHeaders;
  peerIp: string;
  clientIp: string;
  scheme: string;
  host: string;
  port: number;
  readBody: () => Promise<BodyRead>;
  /** the client waits for `100 Continue` before it sends the body, and was not told yet */
  awaitsContinue: boolean;
  route?: Route;
  service?: Service;
  consumer?: Consumer;
  credential?: Credential;
  shared: Map<string, Json>;
  responseHeaders: HeaderBag;
  /** set by the first plugin that answers; no other plugin's access phase runs after that */
  exit?: Exit;
}
