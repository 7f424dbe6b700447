/**
 * Output in whole characters. xterm.js loses some whose last byte comes alone (an ellipsis, a dash, a curly quote), be it
 * in the next write or behind the 128 KiB of which it decodes at a time. Pure.
 */

const DECODED = 128 * 1024;
const NONE = new Uint8Array(0);

export class Characters {
  #begun: Uint8Array = NONE;

  /** The output with what was begun before it, in pieces that end with a character; the beginning of another waits. */
  take(data: Uint8Array): Uint8Array[] {
    const all = this.#begun.length === 0 ? data : joined(this.#begun, data);
    const whole = all.length - unfinished(all, all.length);
    this.#begun = whole === all.length ? NONE : all.slice(whole);
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < whole; ) {
      const most = Math.min(whole, at + DECODED);
      const end = most - (most < whole ? unfinished(all, most) : 0);
      pieces.push(all.subarray(at, end));
      at = end;
    }
    return pieces;
  }

  /** What comes next continues nothing. */
  forget(): void {
    this.#begun = NONE;
  }
}

/** How many bytes before `end` are the beginning of a character that goes on behind it. */
function unfinished(data: Uint8Array, end: number): number {
  for (let back = 1; back <= Math.min(3, end); back++) {
    const byte = data[end - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const size = byte >= 0xf8 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
    return size > back ? back : 0;
  }
  return 0;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const all = new Uint8Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}
