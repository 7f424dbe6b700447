/** Carries typed bytes to the agent: `Typing` decides, this waits and sends. What can't be sent is kept in sight. */
import { signal } from "@preact/signals";

import { Kept } from "./kept";
import { type SavedTyping, Typing } from "./typing";

/** What is kept, for people. */
export interface KeptView {
  readonly bytes: number;
  readonly preview: string;
}

const PREVIEW_CHARS = 48;

export class Typist {
  readonly kept = signal<KeptView>({ bytes: 0, preview: "" });
  /** Bytes that were typed and that the worker has not taken yet. */
  readonly waiting = signal(0);
  /** Grows whenever somebody types in vain. */
  readonly refusals = signal(0);

  readonly #typing: Typing;
  readonly #kept = new Kept();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `may` tells whether input may be sent now, `send` sends one. */
  constructor(
    saved: SavedTyping | undefined,
    private readonly may: () => boolean,
    private readonly send: (n: number, data: Uint8Array) => void,
  ) {
    this.#typing = new Typing(saved);
  }

  /** Send `data`, now or as soon as that is possible. False when too much waits already. */
  put(data: Uint8Array): boolean {
    const taken = this.#typing.push(data);
    this.#count();
    this.flush();
    return taken;
  }

  /** Keep `data`, which was typed although it may not be sent. False when there is no room. */
  keep(data: Uint8Array): boolean {
    const taken = this.#kept.add(data);
    this.refusals.value++;
    this.#show();
    return taken;
  }

  /** Everything that is kept, which is kept no longer. */
  takeKept(): Uint8Array {
    const data = this.#kept.take();
    this.#show();
    return data;
  }

  acknowledged(n: number, resend: boolean): void {
    this.#typing.ack(n, resend);
    if (this.#kept.acked(n)) this.#show();
    this.#count();
    this.flush();
  }

  /** The gateway says on attaching that inputs up to `lastN` are taken (0: it does not know). */
  adopt(lastN: number): void {
    this.#typing.adopt(lastN);
    if (this.#kept.acked(lastN)) this.#show();
    this.#count();
  }

  /** What was sent went to nobody: a new line, or a new epoch. */
  rewind(): void {
    this.#typing.rewind();
  }

  /** Control is gone: what was not acknowledged is kept instead of sent. */
  withdraw(): void {
    for (const [n, data] of this.#typing.withdraw()) this.#kept.add(data, n);
    this.#count();
    this.#show();
  }

  flush(): void {
    clearTimeout(this.#timer);
    if (!this.may()) return;
    const now = Date.now();
    for (const piece of this.#typing.due(now)) this.send(piece.n, piece.data);
    const next = this.#typing.nextAt();
    if (next !== null) this.#timer = setTimeout(() => this.flush(), Math.max(1, next - now));
  }

  save(at: number): SavedTyping {
    return this.#typing.save(at);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #count(): void {
    this.waiting.value = this.#typing.waitingBytes;
  }

  #show(): void {
    this.kept.value = { bytes: this.#kept.bytes, preview: this.#kept.preview(PREVIEW_CHARS) };
  }
}
