/**
 * Output as text. xterm.js' own reading of UTF-8 loses some characters whose last byte comes alone (an ellipsis, a dash)
 * and bytes that are none; here the first wait and the others are U+FFFD, as in other terminals and in the server's
 * screen model.
 */
export class Decoding {
  #decoder = begun();

  /** What `data` continues and begins; half a character at its end waits for the rest. */
  text(data: Uint8Array): string {
    return this.#decoder.decode(data, { stream: true });
  }

  /** What comes next continues nothing. */
  forget(): void {
    this.#decoder = begun();
  }
}

function begun(): TextDecoder {
  return new TextDecoder("utf-8", { ignoreBOM: true });
}
