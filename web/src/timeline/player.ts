/**
 * A recording on a screen. It reads the log and writes to the screen; there is no way from here to the session: nothing
 * of the attachment is known to it, and what is typed on its screen goes nowhere.
 */
import { signal } from "@preact/signals";

import type { Axis } from "./axis";
import { bytesOf, eventsOf, momentOf, type LogEvent, type Moment } from "./api";

/** Where a recording is shown. */
export interface Surface {
  show(moment: Moment): void;
  write(data: Uint8Array): void;
  resize(cols: number, rows: number): void;
}

const LOW = 64;
// A page that was hidden does not catch up.
const STEP_US = 250_000;
// At the end of a session that goes on, there may be more.
const AGAIN_MS = 700;

export class Player {
  /** Microseconds since 1970. */
  readonly ts = signal(0);
  readonly playing = signal(false);
  readonly speed = signal(1);
  readonly exact = signal(true);
  readonly failed = signal(false);
  #events: LogEvent[] = [];
  #next = 0;
  #fetching = false;
  #dry = false;
  #dryAt = 0;
  #wanted: { readonly at: number } | { readonly seq: number } | null = null;
  #seeking = false;
  #run = 0;
  #frame = 0;
  #before = 0;
  #over = false;

  constructor(private readonly session: string, private readonly surface: Surface, private readonly axis: () => Axis, private readonly ended: () => boolean) {}

  /** Show another moment; of those that come while one is fetched, the last. */
  async seek(where: { readonly at: number } | { readonly seq: number }): Promise<void> {
    this.#wanted = where;
    if ("at" in where) this.ts.value = where.at;
    if (this.#seeking) return;
    this.#seeking = true;
    while (this.#wanted !== null && !this.#over) {
      const wanted = this.#wanted;
      this.#wanted = null;
      const answer = await momentOf(this.session, wanted);
      this.failed.value = !answer.ok;
      if (!answer.ok || this.#wanted !== null || this.#over) continue;
      this.#run++;
      this.#events = [];
      this.#next = answer.value.seq;
      this.#dry = false;
      this.exact.value = answer.value.exact;
      this.ts.value = "at" in wanted ? Math.max(wanted.at, answer.value.ts) : answer.value.ts;
      this.surface.show(answer.value);
    }
    this.#seeking = false;
  }

  play(): void {
    if (this.playing.value) return;
    this.playing.value = true;
    this.#before = performance.now();
    this.#frame = requestAnimationFrame((now) => this.#step(now));
  }

  pause(): void {
    this.playing.value = false;
    cancelAnimationFrame(this.#frame);
  }

  close(): void {
    this.#over = true;
    this.pause();
  }

  #step(now: number): void {
    if (!this.playing.value) return;
    this.#frame = requestAnimationFrame((later) => this.#step(later));
    const passed = Math.min(STEP_US, (now - this.#before) * 1000) * this.speed.value;
    this.#before = now;
    if (this.#seeking) return;
    if (this.#events.length < LOW && !this.#dry) void this.#fetch();
    // What is not here yet is waited for: the clock stands still.
    if (this.#events.length === 0) {
      if (this.#dry && this.ended()) this.pause();
      if (this.#dry && now - this.#dryAt > AGAIN_MS) this.#dry = false;
      return;
    }
    const axis = this.axis();
    this.ts.value = axis.ts(axis.at(this.ts.value) + passed);
    while (this.#events.length > 0 && this.#events[0]!.ts <= this.ts.value) this.#apply(this.#events.shift()!);
  }

  #apply(event: LogEvent): void {
    if (event.kind === "out" && event.data !== undefined) this.surface.write(bytesOf(event.data));
    if (event.kind === "resized" && event.cols !== undefined && event.rows !== undefined) this.surface.resize(event.cols, event.rows);
  }

  async #fetch(): Promise<void> {
    if (this.#fetching) return;
    this.#fetching = true;
    const run = this.#run;
    const answer = await eventsOf(this.session, this.#next);
    this.#fetching = false;
    if (run !== this.#run || this.#over) return;
    this.failed.value = !answer.ok;
    if (!answer.ok) return this.pause();
    this.#dry = answer.value.length === 0;
    this.#dryAt = performance.now();
    this.#events.push(...answer.value);
    this.#next = answer.value.at(-1)?.seq ?? this.#next;
  }
}
