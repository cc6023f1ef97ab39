import { connect } from 'node:net';

export interface Answer {
  status: number;
  /** lower-case name → value */
  headers: Record<string, string>;
  body: string;
}

/** A recorded curl command: what curl 7.88 would send for it, byte by byte. */
export function curlRequest(command: string, marker: string, port: number): { head: string; body: string } {
  const at = command.indexOf(marker);
  const path = command.slice(at + marker.length).trim() || '/';
  const options = command.slice(0, at);
  const given = [...options.matchAll(/-H ([\w-]+):(.*?)(?= -\w|$)/g)].map(
    ([, name = '', value = '']) => [name, value.trim()] as const,
  );
  const body = /-d (\S+)/.exec(options)?.[1];
  const method = /-X(\w+)/.exec(options)?.[1] ?? (body === undefined ? 'GET' : 'POST');
  const chunked = given.some(([name, value]) => name === 'Transfer-Encoding' && value === 'chunked');
  const headers = new Map<string, string>([
    ['Host', `localhost:${port}`],
    ['User-Agent', 'curl/7.88.1'],
    ['Accept', '*/*'],
  ]);
  for (const [name, value] of given)
    if (value === '') headers.delete(name);
    else headers.set(name, value);
  if (body !== undefined) {
    if (!chunked) headers.set('Content-Length', String(body.length));
    headers.set('Content-Type', 'application/x-www-form-urlencoded');
  }
  const lines = [`${method} ${path} HTTP/1.1`, ...[...headers].map(([name, value]) => `${name}: ${value}`)];
  const framed = chunked ? `${(body ?? '').length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : (body ?? '');
  return { head: `${lines.join('\r\n')}\r\n\r\n`, body: framed };
}

/** Sends bytes and reads one answer. */
export function exchange(port: number, bytes: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    const finish = (ended: boolean) => {
      const answer = parseAnswer(text, bytes.startsWith('HEAD'), ended);
      if (!answer) return;
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (data) => {
      text += data.toString('latin1');
      finish(false);
    });
    socket.on('error', reject);
    socket.on('end', () => {
      finish(true);
      reject(new Error(`no answer: ${text}`));
    });
  });
}

export function parseAnswer(text: string, withoutBody: boolean, ended: boolean): Answer | undefined {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  if (rest.length === 0) return undefined;
  const [first = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(':')[0]?.toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const body = rest.join('\r\n\r\n');
  const length = headers['content-length'];
  const whole =
    withoutBody ||
    ended ||
    (length !== undefined ? body.length >= Number(length) : body.endsWith('0\r\n\r\n') || body === '');
  return whole ? { status: Number(first.split(' ')[1]), headers, body } : undefined;
}
