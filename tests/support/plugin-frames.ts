import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Kong 3.9.3 and a Go plugin, recorded between the two; never in the project; where it lies beside it, it is compared with. */
const TRANSCRIPT = join(import.meta.dirname, '../../../shared/facts/kong-rpc-transcript.md');

export const framesMissing = (): string | false =>
  existsSync(TRANSCRIPT) ? false : 'no recorded frames of a real Kong here';

export interface RecordedFrame {
  connection: string;
  from: 'Kong' | 'plugin';
  payload: Buffer;
  /** Kong's StartInstance or HandleEvent, as opposed to an answer to a PDK call */
  isCall: boolean;
}

/** The frames of ProtoBuf:1 in their order. A recording may have left out empty frames. */
export function readFrames(): RecordedFrame[] {
  const text = readFileSync(TRANSCRIPT, 'utf8');
  const section = text.slice(text.indexOf('ProtoBuf:1 (Go'));
  const lines = section.matchAll(/^(conn\d+) (Kong|plugin) -> \w+ len=(\d+) ([0-9a-f]*) /gm);
  return [...lines].map(([line, connection = '', from, length, hex = '']) => {
    const payload = Buffer.from(hex, 'hex');
    if (payload.length !== Number(length)) throw new Error(`a recorded frame is damaged: ${line}`);
    // Kong writes the command (field 33 or 36) before the sequence
    const isCall = from === 'Kong' && /^(8a02|a202)/.test(hex);
    return { connection, from: from as RecordedFrame['from'], payload, isCall };
  });
}
