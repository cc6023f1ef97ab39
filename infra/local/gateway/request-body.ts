import type { IncomingMessage } from 'node:http';

export type BodyRead = { ok: true; body: Buffer } | { ok: false; reason: 'too_large' | 'aborted' };

/**
 * Reads the whole body, once. Past `maxBytes` (nginx's client_max_body_size) it stops keeping what arrives.
 * `onRead` runs before the first byte is asked for: the moment for `100 Continue`.
 */
export function createBodyReader(req: IncomingMessage, maxBytes: number, onRead: () => void) {
  let reading: Promise<BodyRead> | undefined;

  async function read(): Promise<BodyRead> {
    if (Number(req.headers['content-length'] ?? 0) > maxBytes) return { ok: false, reason: 'too_large' };
    onRead();
    const chunks: Buffer[] = [];
    let size = 0;
    return new Promise((resolve) => {
      req.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBytes) {
          req.removeAllListeners('data');
          req.resume();
          resolve({ ok: false, reason: 'too_large' });
        } else chunks.push(chunk);
      });
      req.once('end', () => resolve({ ok: true, body: Buffer.concat(chunks, size) }));
      req.once('error', () => resolve({ ok: false, reason: 'aborted' }));
      req.once('close', () => resolve({ ok: false, reason: 'aborted' }));
    });
  }

  return (): Promise<BodyRead> => {
    reading ??= read();
    return reading;
  };
}
