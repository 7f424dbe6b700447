/**
 * Input on its way to the agent: numbered, kept until it is acknowledged, sent again when it seems lost. Pure.
 *
 * The worker takes exactly the next number of a client, so a number once given keeps its bytes: what must not be sent
 * any more (another client took control) is replaced by an empty input under the same number.
 */
import { LIMITS } from "../wire.gen";

/** Bytes waiting for room in the window beyond which more is refused: a large paste fits, a runaway does not. */
export const BACKLOG_BYTES_MAX = 32 * 1024 * 1024;
export const RESEND_MS = 300;
const RESEND_MS_MAX = 5_000;
const PIECE_BYTES = LIMITS.INPUT_BYTES_MAX;

/** One numbered input. `sentAt` is a time in ms, or -1 when it was not sent on this connection. */
export interface Piece {
  readonly n: number;
  data: Uint8Array;
  sentAt: number;
}

/** What a page keeps over a reload; `at` is when it was saved, in ms. */
export interface SavedTyping {
  readonly at: number;
  readonly next: number;
  readonly pending: readonly (readonly [n: number, data: Uint8Array])[];
}

export class Typing {
  #next: number;
  #acked: number;
  #pending: Piece[];
  #backlog: Uint8Array[] = [];
  #backlogBytes = 0;
  #pendingBytes = 0;
  #resendMs = RESEND_MS;

  constructor(saved: SavedTyping = { at: 0, next: 1, pending: [] }) {
    this.#pending = saved.pending.map(([n, data]) => ({ n, data, sentAt: -1 }));
    this.#next = Math.max(saved.next, (this.#pending.at(-1)?.n ?? 0) + 1);
    this.#acked = (this.#pending[0]?.n ?? this.#next) - 1;
    this.#pendingBytes = sum(this.#pending.map((piece) => piece.data));
  }

  /** Bytes that the worker has not taken yet. */
  get waitingBytes(): number {
    return this.#pendingBytes + this.#backlogBytes;
  }

  /** True when everything is taken. */
  get idle(): boolean {
    return this.#pending.length === 0 && this.#backlog.length === 0;
  }

  /** Take typed bytes in. False, and nothing is kept, when too much waits already. */
  push(data: Uint8Array): boolean {
    if (this.#backlogBytes + data.length > BACKLOG_BYTES_MAX) return false;
    for (let at = 0; at < data.length; at += PIECE_BYTES) this.#backlog.push(data.slice(at, at + PIECE_BYTES));
    this.#backlogBytes += data.length;
    return true;
  }

  /** The inputs to send now, in order. They count as sent at `now` (ms). */
  due(now: number): readonly Piece[] {
    this.#number();
    const first = this.#pending[0];
    if (first !== undefined && first.sentAt >= 0 && now - first.sentAt >= this.#resendMs) {
      // No word for so long: go back to the first. A worker that takes nothing is not asked ever faster.
      this.rewind();
      this.#resendMs = Math.min(this.#resendMs * 2, RESEND_MS_MAX);
    }
    const due = this.#pending.filter((piece) => piece.sentAt < 0);
    for (const piece of due) piece.sentAt = now;
    return due;
  }

  /** When `due` may have something again if nothing else happens, in ms; null when nothing waits. */
  nextAt(): number | null {
    const first = this.#pending[0];
    if (first === undefined) return null;
    return first.sentAt < 0 ? 0 : first.sentAt + this.#resendMs;
  }

  /** The worker has everything up to `n`; with `resend` it dropped what came after. */
  ack(n: number, resend: boolean): void {
    if (n < this.#acked && resend) this.#renumber(n);
    else if (n > this.#acked) {
      this.#acked = n;
      this.#next = Math.max(this.#next, n + 1);
      this.#pending = this.#pending.filter((piece) => piece.n > n);
      this.#pendingBytes = sum(this.#pending.map((piece) => piece.data));
      this.#resendMs = RESEND_MS;
    }
    if (resend) this.rewind();
  }

  /** The gateway says on attaching that inputs up to `lastN` are taken (0: it does not know). */
  adopt(lastN: number): void {
    this.ack(lastN, false);
  }

  /** Everything that waits was sent to nobody: a new connection, or a new epoch. */
  rewind(): void {
    for (const piece of this.#pending) piece.sentAt = -1;
  }

  /** Control is gone: take back what was not acknowledged. Its numbers stay, empty, should it have been taken after all. */
  withdraw(): readonly (readonly [n: number, data: Uint8Array])[] {
    const taken: (readonly [number, Uint8Array])[] = [];
    for (const piece of this.#pending) {
      if (piece.data.length > 0) taken.push([piece.n, piece.data]);
      piece.data = new Uint8Array(0);
      piece.sentAt = -1;
    }
    for (const data of this.#backlog) taken.push([0, data]);
    this.#backlog = [];
    this.#backlogBytes = this.#pendingBytes = 0;
    return taken;
  }

  /** What a reload needs. Bytes that have no number yet are not kept: nobody was told that they were sent. */
  save(at: number): SavedTyping {
    return { at, next: this.#next, pending: this.#pending.map((piece) => [piece.n, piece.data] as const) };
  }

  #number(): void {
    let data: Uint8Array | undefined;
    while ((data = this.#backlog[0]) !== undefined) {
      const empty = this.#pending.length === 0;
      if (!empty && this.#pendingBytes + data.length > LIMITS.INPUT_WINDOW_BYTES) return;
      this.#backlog.shift();
      this.#backlogBytes -= data.length;
      this.#pendingBytes += data.length;
      this.#pending.push({ n: this.#next++, data, sentAt: -1 });
    }
  }

  /** The worker has forgotten this client (it remembers the newest few hundred) and expects `n + 1`. */
  #renumber(n: number): void {
    this.#acked = n;
    this.#next = n + 1;
    this.#pending = this.#pending.map((piece) => ({ n: this.#next++, data: piece.data, sentAt: -1 }));
  }
}

function sum(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, part) => total + part.length, 0);
}
