/** How far this page has shown the session, and which event may come next. Pure. */
import type { Event } from "../wire.gen";
import type { Unknown } from "../wire";

/** What becomes of an event: show it, drop it (shown before), or fetch what lies before it first. */
export type Verdict = "take" | "old" | "gap";

const UNKNOWN_REMEMBERED = 64;

export class Cursor {
  /** Number of the newest event taken. */
  seq = 0;
  /** Count of the session's output bytes up to there. */
  offset = 0;
  // Messages of a newer protocol carry a number that is an event's only perhaps. It counts when the event behind it comes.
  readonly #perhaps = new Set<number>();

  /** Judge `event` and, when it is the next one, move behind it. */
  take(event: Event): Verdict {
    if (event.seq <= this.seq) return "old";
    const from = event.tag === "cut" ? event.from_seq : event.seq;
    let next = this.seq + 1;
    while (next < from && this.#perhaps.has(next)) next++;
    if (from > next) return "gap";
    this.#move(event.seq);
    if (event.tag === "out") this.offset = event.offset + event.data.length;
    else if (event.tag === "cut") this.offset = Math.max(this.offset, event.to_offset);
    return "take";
  }

  /** A message that this build does not know came by. */
  passed(message: Unknown): void {
    if (message.seq > this.seq && this.#perhaps.size < UNKNOWN_REMEMBERED) this.#perhaps.add(message.seq);
  }

  /** A snapshot shows everything up to `seq` and `offset`. */
  jump(seq: number, offset: number): void {
    this.#move(seq);
    this.offset = offset;
  }

  #move(seq: number): void {
    this.seq = seq;
    for (const one of this.#perhaps) if (one <= seq) this.#perhaps.delete(one);
  }
}
