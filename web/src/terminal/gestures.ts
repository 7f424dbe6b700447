/** Arithmetic of one finger on the terminal. Pure; `touch` feeds it with events. */

const SLOP_PX = 8;
const TAP_MS = 500;
const FRICTION_PER_MS = 0.997;
const STILL_PX_PER_MS = 0.04;
const VELOCITY_WINDOW_MS = 80;

/** A finger's way from down to up. Distances in px; a positive number of lines scrolls towards newer output. */
export class Drag {
  scrolling = false;
  #x: number;
  #y: number;
  #at: number;
  #rest = 0;
  #trail: { y: number; at: number }[] = [];

  constructor(x: number, y: number, at: number) {
    this.#x = x;
    this.#y = y;
    this.#at = at;
    this.#trail = [{ y, at }];
  }

  /** The finger moved: whole lines to scroll by now. */
  move(x: number, y: number, at: number, lineHeight: number): number {
    if (!this.scrolling) {
      if (Math.hypot(x - this.#x, y - this.#y) < SLOP_PX) return 0;
      this.scrolling = true;
      this.#y = y;
    }
    this.#trail = [...this.#trail.filter((point) => at - point.at <= VELOCITY_WINDOW_MS), { y, at }];
    const lines = this.#lines(this.#y - y, lineHeight);
    this.#y = y;
    return lines;
  }

  /** True when the finger went up as a tap. */
  tapped(at: number): boolean {
    return !this.scrolling && at - this.#at < TAP_MS;
  }

  /** Speed at which the finger left, in px per ms, positive towards newer output. */
  velocity(at: number): number {
    const first = this.#trail.find((point) => at - point.at <= VELOCITY_WINDOW_MS);
    const last = this.#trail.at(-1);
    if (first === undefined || last === undefined || last.at === first.at) return 0;
    return (first.y - last.y) / (last.at - first.at);
  }

  /** One step of the coasting that follows: lines to scroll, and the speed that is left (0: it rests). */
  coast(velocity: number, elapsed: number, lineHeight: number): { lines: number; velocity: number } {
    const slower = velocity * FRICTION_PER_MS ** elapsed;
    const lines = this.#lines(velocity * elapsed, lineHeight);
    return { lines, velocity: Math.abs(slower) < STILL_PX_PER_MS ? 0 : slower };
  }

  #lines(px: number, lineHeight: number): number {
    this.#rest += px;
    const lines = Math.trunc(this.#rest / lineHeight);
    this.#rest -= lines * lineHeight;
    return lines;
  }
}
