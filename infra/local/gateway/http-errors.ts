import type { Duplex } from 'node:stream';
import { errorExit, notImplementedExit } from './error-response.ts';
import { SERVER } from './respond.ts';

/**
 * What Node's HTTP parser refuses never becomes a request. nginx answers such a thing 400, or 501 to a
 * transfer coding that it does not know, and closes; a client that
 * takes too long is closed without an answer.
 */
export function answerClientError(error: Error, socket: Duplex, requestId: string): void {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNRESET' || code === 'ERR_HTTP_REQUEST_TIMEOUT' || !socket.writable) {
    socket.destroy();
    return;
  }
  const tooLarge = code === 'HPE_HEADER_OVERFLOW';
  const unknownCoding = isUnknownCoding(error);
  const { body, headers } = unknownCoding
    ? notImplementedExit()
    : errorExit(tooLarge ? 494 : 400, { accept: undefined, requestId });
  socket.end(
    [
      unknownCoding ? 'HTTP/1.1 501 Not Implemented' : 'HTTP/1.1 400 Bad Request',
      `Date: ${new Date().toUTCString()}`,
      `Content-Type: ${headers['Content-Type']}`,
      'Connection: close',
      `Content-Length: ${Buffer.byteLength(body as string)}`,
      'X-Kong-Response-Latency: 0',
      `Server: ${SERVER}`,
      `X-Kong-Request-Id: ${requestId}`,
      '',
      body,
    ].join('\r\n'),
  );
}

/** A list of codings; beside a Content-Length, or in two headers, nginx finds the request itself wrong. */
function isUnknownCoding(error: Error): boolean {
  const { code, reason, rawPacket } = error as NodeJS.ErrnoException & {
    reason?: string;
    rawPacket?: Buffer;
  };
  if (code !== 'HPE_INVALID_TRANSFER_ENCODING' || /Content-Length/.test(reason ?? '')) return false;
  return rawPacket?.toString('latin1').match(/^transfer-encoding:/gim)?.length === 1;
}
