/**
 * How far the terminal has really drawn, told to the gateway in steps: it sends only so much beyond that. Without it a
 * flood fills every buffer on the way, and ctrl-c seems to do nothing until all of them have drained.
 */

const STEP_BYTES = 32 * 1024;
const IDLE_MS = 50;

export class Rendered {
  #seq = 0;
  #offset = 0;
  #told = 0;
  #waiting = 0;
  #running = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly tell: (seq: number, offset: number) => void) {}

  /** A new line: begin with what it starts from. What is still being drawn counts when it is drawn. */
  start(seq: number, offset: number): void {
    this.#running = true;
    if (this.#waiting === 0) {
      this.#seq = seq;
      this.#offset = offset;
    }
    this.#say();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** Output up to `seq` and `offset` was handed to the terminal: call what this returns once it is drawn. */
  expect(seq: number, offset: number): () => void {
    this.#waiting++;
    return () => {
      this.#waiting--;
      this.#seq = seq;
      this.#offset = offset;
      if (!this.#running) return;
      clearTimeout(this.#timer);
      if (offset - this.#told >= STEP_BYTES) this.#say();
      else if (offset !== this.#told) this.#timer = setTimeout(() => this.#say(), IDLE_MS);
    };
  }

  #say(): void {
    clearTimeout(this.#timer);
    this.#told = this.#offset;
    this.tell(this.#seq, this.#offset);
  }
}
