import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { RecordedCall } from './recording-proxy.ts';
import { gatewayForDeck } from './synced-gateway.ts';

/** What decK 1.55 sent while it validated, synced, synced again and compared our deck.yaml (deck.test.ts records it). */
const CALLS = readFileSync(join(import.meta.dirname, 'deck-calls.ndjson'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as RecordedCall);

t.test("decK's own calls are answered as they were when decK was content", async (t) => {
  const { call } = await gatewayForDeck(t);
  let written = 0;
  for (const { method, path, body, status } of CALLS) {
    const answer = await call(method, path, body);
    t.equal(answer.status, status, `${method} ${path}`);
    if (method !== 'PUT') continue;
    written++;
    t.match(answer.body, withoutNulls(body), `${path}: what was sent is what is kept`);
    const read = await call('GET', path);
    t.same(read.body, answer.body, `${path}: and what is read`);
  }
  t.ok(written > 40);
});

/** decK leaves out what it has no value for; a null stands for that, too. */
function withoutNulls(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, item) => (item === null ? undefined : item));
}
