/** What was typed while it could not be sent: shown, and sent or thrown away by an explicit act. Pure. */

const BYTES_MAX = 1024 * 1024;

export class Kept {
  #parts: { n: number; data: Uint8Array }[] = [];

  get bytes(): number {
    return this.#parts.reduce((total, part) => total + part.data.length, 0);
  }

  /** Keep `data`; `n` is the number under which it was sent in vain, 0 when it never was. False when there is no room. */
  add(data: Uint8Array, n = 0): boolean {
    if (this.bytes + data.length > BYTES_MAX) return false;
    this.#parts.push({ n, data });
    return true;
  }

  /** Inputs up to `n` have been taken after all: they are no longer kept. True when that changed something. */
  acked(n: number): boolean {
    const before = this.#parts.length;
    this.#parts = this.#parts.filter((part) => part.n === 0 || part.n > n);
    return this.#parts.length !== before;
  }

  /** Everything, in order; nothing is kept any more. */
  take(): Uint8Array {
    const all = new Uint8Array(this.bytes);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part.data, at);
      at += part.data.length;
    }
    this.#parts = [];
    return all;
  }

  /** One line for people: control characters as symbols, cut at `chars`. */
  preview(chars: number): string {
    const bytes = new Uint8Array(this.bytes);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part.data, at);
      at += part.data.length;
    }
    return visible(new TextDecoder().decode(bytes.subarray(0, chars * 4)), chars);
  }
}

/** `text` with control characters as their Unicode symbols, at most `chars` long. */
export function visible(text: string, chars: number): string {
  const shown = Array.from(text, (char) => {
    const code = char.codePointAt(0) ?? 0;
    if (char === "\r" || char === "\n") return "⏎";
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return code === 0x7f ? "␡" : char;
  });
  return shown.length > chars ? `${shown.slice(0, chars - 1).join("")}…` : shown.join("");
}
