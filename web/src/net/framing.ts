/** Frames in a byte stream: `u32 big-endian length ‖ frame`. Pure. */
import { LIMITS } from "../wire.gen";
import { WireError } from "../wire";

const HEAD = 4;

/** `frames`, each with its length before it. */
export function pack(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(frames.reduce((total, frame) => total + HEAD + frame.length, 0));
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const frame of frames) {
    view.setUint32(at, frame.length);
    packed.set(frame, at + HEAD);
    at += HEAD + frame.length;
  }
  return packed;
}

/** Gives back whole frames from chunks that are cut anywhere. */
export class Unpacker {
  #rest: Uint8Array = new Uint8Array(0);

  /** The frames that `chunk` completes. WireError when one claims to be over the limit. */
  feed(chunk: Uint8Array): Uint8Array[] {
    let data = chunk;
    if (this.#rest.length > 0) {
      data = new Uint8Array(this.#rest.length + chunk.length);
      data.set(this.#rest);
      data.set(chunk, this.#rest.length);
    }
    const frames: Uint8Array[] = [];
    let at = 0;
    while (data.length - at >= HEAD) {
      const size = new DataView(data.buffer, data.byteOffset + at).getUint32(0);
      if (size > LIMITS.FRAME_BYTES_MAX) throw new WireError(`a frame of ${size} bytes is over the limit`);
      if (data.length - at - HEAD < size) break;
      frames.push(data.slice(at + HEAD, at + HEAD + size));
      at += HEAD + size;
    }
    this.#rest = data.slice(at);
    return frames;
  }
}
