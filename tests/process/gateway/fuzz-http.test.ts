import { connect } from 'node:net';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { ask, gatewayFor, service } from '../../support/gateway-fixture.ts';

/** Every path answers 503, as the backstop does; `/post` reads the body first. */
const YAML = service(`  routes:
  - {name: r, paths: ["/"]}
  - {name: sized, paths: ["/post"], plugins: [{name: request-size-limiting, config: {allowed_payload_size: 1, size_unit: kilobytes}}]}
  plugins: [{name: request-termination, config: {status_code: 503, message: backstop}}]`);

async function setUp(t: Test, requestTimeoutMs = 10_000) {
  const { proxyPort, logs } = await gatewayFor(t, YAML, { requestTimeoutMs });
  return {
    logs,
    proxyPort,
    async stillServed() {
      const { status } = await ask(proxyPort, '/');
      if (status !== 503) throw new Error(`a sound request was answered ${status}`);
    },
  };
}

/** Writes bytes, closes its own half, and gives all that came back once the gateway closed too. */
function exchange(port: number, parts: Buffer[], half: boolean): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let text = '';
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1');
    });
    socket.on('error', () => resolve(text));
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(text));
    socket.on('connect', async () => {
      for (const part of parts) {
        socket.write(part);
        await new Promise(setImmediate);
      }
      if (half) socket.end();
    });
  });
}

const statuses = (answer: string) =>
  [...answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, code]) => Number(code));
/** 503 is a request understood after all, 100 the go-ahead for a body. */
const REFUSALS = [400, 404, 408, 413, 414, 417, 431, 501, 505];

function verify(answer: string): void {
  const unexpected = statuses(answer).filter((code) => ![100, 503, ...REFUSALS].includes(code));
  if (unexpected.length > 0) throw new Error(`answered ${unexpected}`);
  if (answer !== '' && !answer.startsWith('HTTP/1.1 ')) throw new Error(`no HTTP: ${answer.slice(0, 60)}`);
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const bytes = fc.uint8Array({ minLength: 1, maxLength: 120 }).map((array) => Buffer.from(array));
const text = fc.string({ unit: 'binary', maxLength: 20 });
const method = fc.oneof(fc.constantFrom('GET', 'POST', 'CONNECT', 'PRI', 'get', 'PROPFIND', ''), text);
const target = fc.oneof(
  fc.constantFrom(
    '/',
    '*',
    '//',
    'http://x/y',
    '/%',
    '/%zz',
    '/../..',
    '/\u0000',
    'x:1',
    `/${'a'.repeat(40_000)}`,
  ),
  text.map((end) => `/${end}`),
);
const version = fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9', 'http/1.1', '');
const line = fc.tuple(method, target, version).map((words) => words.join(' '));
const header = fc.oneof(
  fc
    .tuple(fc.oneof(text, fc.constantFrom('Host', 'Accept', 'X-Forwarded-For', 'Expect')), text)
    .map((pair) => pair.join(': ')),
  fc.constantFrom(
    'Host: a',
    'Host: a, b',
    'Host: [',
    'Host: :0',
    'Expect: 100-continue',
    'Upgrade: websocket',
  ),
  fc.constantFrom(
    'Connection: upgrade',
    'Connection: close, keep-alive',
    ': x',
    ' folded',
    'X',
    'Accept: ;q=,/*',
  ),
);
const eol = fc.constantFrom('\r\n', '\n', '\r');
const request = fc
  .tuple(line, fc.array(header, { maxLength: 5 }), eol)
  .map(([first, headers, end]) => latin1([first, ...headers, '', ''].join(end)));

const length = fc.oneof(
  fc.constantFrom('0', '-1', '+5', '5, 5', '5, 6', '0x5', '1e3', ' ', '99999999999999999999', '5\u0000'),
  fc.nat(2_000_000).map(String),
);
const framing = fc.oneof(
  length.map((value) => `Content-Length: ${value}`),
  fc
    .constantFrom(
      'chunked',
      'Chunked',
      'identity',
      'gzip, chunked',
      'chunked, chunked',
      'xchunked',
      'chunked\u000b',
    )
    .map((value) => `Transfer-Encoding: ${value}`),
);
const chunk = fc.oneof(
  fc.constantFrom(
    '5\r\nhello\r\n',
    '0\r\n\r\n',
    '0\r\nA: b\r\n\r\n',
    '5;a=b\r\nhello\r\n',
    '5\nhello\n',
    '-1\r\n',
    'g\r\n',
    'ffffffffffffffffff\r\n',
  ),
  text,
);
const withBody = fc
  .tuple(fc.array(framing, { minLength: 1, maxLength: 2 }), fc.array(chunk, { maxLength: 4 }))
  .map(([headers, chunks]) =>
    latin1(`POST /post HTTP/1.1\r\nHost: a\r\n${headers.join('\r\n')}\r\n\r\n${chunks.join('')}`),
  );

for (const [what, input] of Object.entries({
  'random bytes': bytes,
  'request lines and headers': request,
  'lengths and chunks': withBody,
}))
  t.test(`${what}: refused or closed, and the next client is served`, async (t) => {
    const { proxyPort, logs, stillServed } = await setUp(t);
    const answered = new Set<number>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(input, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (parts, together) => {
          const answer = await exchange(proxyPort, together ? [Buffer.concat(parts)] : parts, true);
          verify(answer);
          for (const code of statuses(answer)) answered.add(code);
          await stillServed();
        },
      ),
      { numRuns: 200, endOnFailure: true },
    );
    t.ok(answered.has(400), `answered ${[...answered].sort()}`);
    t.notMatch(logs.join(), 'unexpected', 'no error of our own');
  });

t.test('what never ends is cut off, and a client beside it is served meanwhile', async (t) => {
  const { proxyPort, stillServed } = await setUp(t, 1_000);
  const unfinished = [
    'GET',
    'GET / HTTP/1.1\r\nHost: a\r\nX: ',
    'POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf',
    'POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal',
  ];
  const cut = unfinished.map((bytes) => exchange(proxyPort, [latin1(bytes)], false));
  await stillServed();
  for (const answer of await Promise.all(cut)) verify(answer);
  await stillServed();
  t.pass('all four were closed');
});

t.test('one request hidden in the body of another is never answered', async (t) => {
  const { proxyPort } = await setUp(t);
  const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';
  for (const headers of [
    ['Content-Length: 5', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', 'Content-Length: 5'],
    ['Content-Length: 5', 'Content-Length: 6'],
    ['Transfer-Encoding: chunked, identity'],
    ['Transfer-Encoding: xchunked'],
    ['Transfer-Encoding : chunked'],
    ['Transfer-Encoding:\u000bchunked'],
    ['Content-Length: +5'],
    ['Content-Length: 0x22'],
  ]) {
    const message = `POST / HTTP/1.1\r\nHost: a\r\n${headers.join('\r\n')}\r\n\r\n0\r\n\r\n${hidden}`;
    const codes = statuses(await exchange(proxyPort, [latin1(message)], true));
    t.ok(codes.length <= 1, `${headers.join(' and ')}: ${codes}`);
    t.ok(
      codes.every((code) => REFUSALS.includes(code)),
      `${codes}`,
    );
  }
});
