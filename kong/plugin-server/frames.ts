/** A frame is a u32 little-endian length and that many bytes. */
export function frame(payload: Uint8Array | string): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const out = Buffer.allocUnsafe(4 + bytes.length);
  out.writeUInt32LE(bytes.length);
  out.set(bytes, 4);
  return out;
}

/** Cuts a byte stream into frames, however it arrives: split at any byte, or several at once. */
export class FrameReader {
  #maxBytes: number;
  #chunks: Buffer[] = [];
  #buffered = 0;

  /** @param maxBytes the largest frame that is taken */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The frames that `chunk` completes. @throws RangeError for a frame above the limit: the stream is lost then */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    const frames: Buffer[] = [];
    for (;;) {
      if (this.#buffered < 4) return frames;
      const head = this.#join(4);
      const length = head.readUInt32LE();
      if (length > this.#maxBytes)
        throw new RangeError(`a frame of ${length} bytes is above ${this.#maxBytes}`);
      if (this.#buffered < 4 + length) return frames;
      const all = this.#join(4 + length);
      frames.push(all.subarray(4, 4 + length));
      const rest = all.subarray(4 + length);
      this.#chunks = rest.length > 0 ? [rest, ...this.#chunks.slice(1)] : this.#chunks.slice(1);
      this.#buffered -= 4 + length;
    }
  }

  /** Makes the first chunk at least `bytes` long; large frames are joined once, when they are complete. */
  #join(bytes: number): Buffer {
    const [first] = this.#chunks;
    if (first && first.length >= bytes) return first;
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }
}
