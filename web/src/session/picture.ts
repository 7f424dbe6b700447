/**
 * The session's screen on its way to the terminal of this page: which event comes next, screens that replace what came
 * before, what was skipped, and whether both ends still show the same after a change of size.
 */
import { signal } from "@preact/signals";

import type { Unknown } from "../wire";
import { LIMITS, type Event, type FromBrowser, type Output, type Snapshot } from "../wire.gen";
import { Asked, type Why } from "./asked";
import { Cursor, type Verdict } from "./cursor";
import { Depth, type DeepScreen } from "./deep";
import type { Display } from "./display";
import { Rendered } from "./rendered";
import { sameSize, type Size } from "./sizing";

// Further behind than that, the newest screen tells more than what leads to it.
const SKIP_BYTES = 512 * 1024;
// What was skipped is told when it is over, and not for every screen on the way.
const SKIPPED_MS = 1_000;
// After a change of size the two ends may have folded long lines differently: look when it has settled.
const SETTLE_MS = 400;
const HEAL_LINES = 500;
// Whoever scrolled up to lines that had to be fetched sees that they are there.
const OLDER_LINES = 3;

/** What the picture needs of the attachment that it belongs to. */
export interface Source {
  readonly client: Uint8Array;
  /** The line is up, and the session's worker keeps a screen. */
  canAsk(): boolean;
  say(message: FromBrowser): void;
  /** A number for what is asked. */
  request(): number;
  /** The screen as of event `seq` with so many lines above it, which the worker need not have any more. */
  deep(seq: number, lines: number): Promise<DeepScreen | null>;
  /** `bytes` of output were skipped. */
  skipped(bytes: number): void;
  /** The screen that comes has this size. */
  sized(size: Size): void;
}

export class Picture {
  /** The newest event that is shown. */
  readonly seq = signal(0);
  readonly size = signal<Size>({ cols: 80, rows: 24 });

  readonly #cursor = new Cursor();
  readonly #asked = new Asked();
  readonly #rendered: Rendered;
  #display: Display | null = null;
  #liveFrom = 0;
  readonly #depth = new Depth();
  #oldest = false;
  /** What comes while a screen is made that it has to follow. */
  #held: (() => void)[] | null = null;
  #skipped = 0;
  #skipTimer: ReturnType<typeof setTimeout> | undefined;
  #sizeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly source: Source) {
    this.#rendered = new Rendered((seq, offset) => source.say({ tag: "credit", seq, offset, skip: this.#skip() }));
  }

  get cursor(): Readonly<{ seq: number; offset: number }> {
    return this.#cursor;
  }

  get bracketed(): boolean {
    return this.#display?.bracketed ?? false;
  }

  showOn(display: Display): void {
    this.#display = display;
  }

  /** The line is up; events up to `liveFrom` are the past. */
  begin(liveFrom: number): void {
    this.#liveFrom = liveFrom;
    this.#rendered.start(this.#cursor.seq, this.#cursor.offset);
  }

  /** The line is down. */
  pause(): void {
    this.#release();
    this.#rendered.stop();
    this.#asked.forget();
    clearTimeout(this.#sizeTimer);
  }

  close(): void {
    this.#held = null;
    this.#rendered.stop();
    clearTimeout(this.#skipTimer);
    clearTimeout(this.#sizeTimer);
  }

  /** Nothing will come any more. */
  rest(): void {
    this.#inTurn(() => this.#display?.rest());
  }

  /** Is `event` the next one? */
  take(event: Event): Verdict {
    const verdict = this.#cursor.take(event);
    if (verdict === "take") this.seq.value = event.seq;
    return verdict;
  }

  /** What can't be read is passed over. */
  passed(message: Unknown): void {
    this.#cursor.passed(message);
  }

  output(event: Output): void {
    const { offset } = this.#cursor;
    this.#inTurn(() => this.#display?.write(event.data, event.seq <= this.#liveFrom, this.#rendered.expect(event.seq, offset)));
  }

  resized(size: Size): void {
    this.#inTurn(() => {
      this.size.value = size;
      clearTimeout(this.#sizeTimer);
      this.#sizeTimer = setTimeout(() => this.#settled(), SETTLE_MS);
      this.#display?.resize(size);
    });
  }

  snapshot(message: Snapshot): void {
    this.#release();
    const why = this.#asked.came(message.req);
    if (why === null && this.#cursor.seq > 0) this.#skippedTo(message.offset);
    const size = { cols: message.cols, rows: message.rows };
    const mark = this.#rendered.expect(message.seq, message.offset);
    if (why === "size" && message.seq === this.#cursor.seq && sameSize(size, this.size.value)) return this.#compare(message.data, size, mark);
    this.#cursor.jump(message.seq, message.offset);
    this.seq.value = message.seq;
    this.#oldest = why === "older";
    this.#depth.again();
    this.source.sized(size);
    this.size.value = size;
    this.#display?.reset(size, why === null ? null : why === "older" ? OLDER_LINES : 0);
    this.#display?.write(message.data, true, mark);
  }

  /** There is no screen to be had. */
  noScreen(): void {
    this.#asked.forget();
  }

  /** Somebody scrolls up beyond what this page has. First the worker is asked, which is quick. */
  older(): void {
    const few = (this.#display?.above ?? 0) < LIMITS.HISTORY_LINES_MAX;
    if (!this.#oldest && few && this.source.canAsk()) this.#ask("older", LIMITS.HISTORY_LINES_MAX);
    else void this.#deeper();
  }

  /** The screen that is shown once more, with more above it. What comes meanwhile follows it. */
  async #deeper(): Promise<void> {
    const { above, aboveMax } = this.#display ?? { above: 0, aboveMax: 0 };
    const lines = this.#depth.next(above, aboveMax);
    if (lines === null || this.#held !== null || !this.#asked.free || this.#cursor.seq === 0) return;
    const held: (() => void)[] = [];
    this.#held = held;
    const found = await this.source.deep(this.#cursor.seq, lines);
    if (this.#held !== held) return;
    if (found !== null) {
      this.#depth.came(lines, found.history);
      if (found.history > (this.#display?.above ?? 0)) {
        this.#display?.reset(found, OLDER_LINES, lines);
        this.#display?.write(found.data, true, () => undefined);
      }
    }
    this.#release();
  }

  #inTurn(act: () => void): void {
    if (this.#held === null) act();
    else this.#held.push(act);
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const act of held) act();
  }

  #compare(data: Uint8Array, size: Size, mark: () => void): void {
    this.#display?.compare(data, size, (same) => {
      mark();
      if (!same) this.#ask("heal", HEAL_LINES);
    });
  }

  /** How far this page may fall behind before it is shown the newest screen. Who reads back is not torn away. */
  #skip(): number {
    return this.#display?.scrolledUp === true ? 0 : SKIP_BYTES;
  }

  #skippedTo(offset: number): void {
    this.#skipped += Math.max(0, offset - this.#cursor.offset);
    if (this.#skipped === 0) return;
    clearTimeout(this.#skipTimer);
    this.#skipTimer = setTimeout(() => {
      this.source.skipped(this.#skipped);
      this.#skipped = 0;
    }, SKIPPED_MS);
  }

  #settled(): void {
    if (this.#display?.scrolledUp === false) this.#ask("size", 0);
  }

  #ask(why: Why, history: number): void {
    if (!this.#asked.free || !this.source.canAsk()) return;
    const req = this.source.request();
    this.#asked.ask(why, req);
    this.source.say({ tag: "snapshot?", req, client: this.source.client, history });
  }
}
