import { FrameReader, frame } from '../../kong/plugin-server/frames.ts';
import { createPdkClient as createPipelined, type PdkClient } from '../../kong/plugin-server/pdk-client.ts';

const MAX_FRAME_BYTES = 8 * 1024 * 1024;

/** The plugin server's PDK with one call at a time, as stock plugin servers have it: each waits for the answer before. */
export function createPdkClient(write: (bytes: Buffer) => void): PdkClient {
  const waiting: Buffer[] = [];
  let asked = false;
  let writes = 0;
  const next = () => {
    const call = waiting.shift();
    asked = call !== undefined;
    if (!call) return;
    writes++;
    write(call);
  };
  const pipelined = createPipelined((bytes) => {
    // a call is two frames: its name and its arguments
    const frames = new FrameReader(MAX_FRAME_BYTES).push(bytes);
    for (let index = 0; index < frames.length; index += 2)
      waiting.push(
        Buffer.concat([frame(frames[index] as Buffer), frame(frames[index + 1] ?? Buffer.alloc(0))]),
      );
    if (!asked) next();
  });
  return {
    kong: pipelined.kong,
    answer(payload) {
      // first what is next, so that Kong works while the plugin goes on
      next();
      pipelined.answer(payload);
    },
    abandon: () => pipelined.abandon(),
    get exited() {
      return pipelined.exited;
    },
    get outstanding() {
      return pipelined.outstanding;
    },
    get roundTrips() {
      return writes;
    },
  };
}
