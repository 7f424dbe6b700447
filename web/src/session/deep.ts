/** What scrolled off so long ago that the session's worker no longer keeps it: from the log, as of an event. */
import { getJson } from "../net/api";
import type { Size } from "./sizing";

const TIMEOUT_MS = 20_000;
// The log is some milliseconds behind what is shown.
const AGAIN_MS = 100;
const TRIES = 5;
const FIRST_LINES = 10_000;

/** The screen as of an event with `history` lines above it. */
export interface DeepScreen extends Size {
  readonly history: number;
  readonly data: Uint8Array;
}

/** How many lines to ask for: some first, then all that a terminal takes. Pure. */
export class Depth {
  #asked = 0;
  #all = false;

  /** How many to ask for when `above` are there and it may be `most`; null when there are no more. */
  next(above: number, most: number): number | null {
    const first = Math.min(FIRST_LINES, most);
    const wanted = this.#asked < first && above < first ? first : most;
    return this.#all || wanted <= this.#asked ? null : wanted;
  }

  /** `history` lines came of `asked`. */
  came(asked: number, history: number): void {
    this.#asked = asked;
    this.#all = history < asked;
  }

  /** Another screen took the place of what came. */
  again(): void {
    this.#asked = 0;
    this.#all = false;
  }
}

/** The session's screen as of event `seq` with at most `lines` lines above it; null when it can't be had. */
export async function deepScreen(session: string, seq: number, lines: number): Promise<DeepScreen | null> {
  for (let tried = 0; tried < TRIES; tried++) {
    const path = `/api/v1/sessions/${encodeURIComponent(session)}/timeline/screen?seq=${seq}&history=${lines}`;
    const answer = await getJson(path, (body) => body as { seq: number; cols: number; rows: number; history: number; data: string }, TIMEOUT_MS);
    if (!answer.ok) return null;
    const { cols, rows, history, data } = answer.value;
    if (answer.value.seq === seq) return { cols, rows, history, data: Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)) };
    await new Promise((done) => setTimeout(done, AGAIN_MS));
  }
  return null;
}
