import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Recorded answers of a real Kong 3.9.3; never in the project; where they lie beside it they are compared with. */
const FOLDER = join(import.meta.dirname, '../../../../shared/facts/kong-golden');

export const recordingsMissing = (): string | false =>
  existsSync(FOLDER) ? false : 'no recordings of a real Kong here';

export interface Recording {
  /** the whole command, without curl itself */
  command: string;
  method: string;
  /** after the address */
  path: string;
  contentType?: string;
  body?: string;
  status: number;
  /** lower-case name → value */
  headers: Record<string, string>;
  answer: string;
}

/** The calls of a recording in their order; `marker` stands where the address was. */
export function readRecordings(file: string, marker: string): Recording[] {
  const text = readFileSync(join(FOLDER, file), 'utf8');
  return text
    .split(/^### /m)
    .slice(1)
    .map((section) => {
      const [command = '', ...lines] = section.split('\n');
      const [, head = '', answer = ''] = /```\n([\s\S]*?)\n\n([\s\S]*?)```/.exec(lines.join('\n')) ?? [];
      const headers = head.split('\n').slice(1);
      const [, path = ''] = new RegExp(`${marker.replace('$', '\\$')}(\\S*)`).exec(command) ?? [];
      return {
        command: command.trim(),
        headers: Object.fromEntries(
          headers.map((line) => [
            line.split(':')[0]?.toLowerCase(),
            line.slice(line.indexOf(':') + 1).trim(),
          ]),
        ),
        method: /-X(\w+)/.exec(command)?.[1] ?? 'GET',
        path: path || '/',
        contentType: /Content-Type: (\S+)/.exec(command)?.[1],
        body: / -d (.*)$/.exec(command)?.[1],
        status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]),
        answer: answer.trim(),
      };
    });
}

export const readRecordedSchema = (name: string): unknown =>
  JSON.parse(readFileSync(join(FOLDER, 'schemas', `${name}.json`), 'utf8'));

/** The declarative configuration that a recording was made with. */
export const readConfiguration = (file: string): string =>
  /```yaml\n([\s\S]*?)```/.exec(readFileSync(join(FOLDER, file), 'utf8'))?.[1] ?? '';
