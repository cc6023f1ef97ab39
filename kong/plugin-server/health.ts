import { connect } from 'node:net';
import { RpcCall, RpcReturn } from '../protocol/plugin-messages.ts';
import { decodeMessage, encodeMessage } from '../protocol/protobuf.ts';
import { FrameReader, frame } from './frames.ts';

const MAX_ANSWER_BYTES = 1_024;
/** Instances have ids from 1: to close this one is a call that changes nothing. */
const NO_INSTANCE = 0;

/** Asks the plugin server as Kong would; a process that only accepts connections does not pass. @throws Error with the reason */
export function checkHealth(socketPath: string, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const reader = new FrameReader(MAX_ANSWER_BYTES);
    const socket = connect(socketPath, () => {
      const call = { sequence: 1, cmd_close_instance: { instance_id: NO_INSTANCE } };
      socket.write(frame(encodeMessage(RpcCall, call)));
    });
    const finish = (error?: Error) => {
      clearTimeout(timer);
      socket.destroy();
      if (error) reject(error);
      else resolve();
    };
    const timer = setTimeout(() => finish(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    socket.on('error', finish);
    socket.on('end', () => finish(new Error('the connection was closed')));
    socket.on('data', (chunk) => {
      try {
        for (const payload of reader.push(chunk))
          if (decodeMessage(RpcReturn, payload).sequence === 1) finish();
      } catch (error) {
        finish(error as Error);
      }
    });
  });
}

if (import.meta.main)
  await checkHealth(process.env.PISTATS_SOCKET ?? '', 2_000).catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
