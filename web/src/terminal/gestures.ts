/** Fingers on the terminal: from touches to what they mean. Pure; `touch` feeds it with events and does what it says. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What fingers mean. Distances in px; positive ones are towards newer output, and to the right. */
export type Act =
  | { readonly kind: "tap"; readonly at: Point }
  /** One finger, or two side by side, moved. */
  | { readonly kind: "pan"; readonly dx: number; readonly dy: number; readonly at: Point }
  /** It left while it moved, at so many px per ms. */
  | { readonly kind: "fling"; readonly vx: number; readonly vy: number; readonly at: Point }
  /** A finger stayed where it was: the word there. */
  | { readonly kind: "word"; readonly at: Point }
  /** It moves on, with the selection's end under it. */
  | { readonly kind: "extend"; readonly at: Point }
  | { readonly kind: "chosen" }
  /** Two fingers are `ratio` times as far apart as when they came. */
  | { readonly kind: "pinch"; readonly ratio: number }
  | { readonly kind: "pinched" };

export const HOLD_MS = 500;
const SLOP_PX = 8;
// Two fingers that only lie there, or move side by side, do not pinch.
const PINCH_DEAD_PX = 12;
const FRICTION_PER_MS = 0.997;
const STILL_PX_PER_MS = 0.04;
const VELOCITY_WINDOW_MS = 80;

type Phase =
  | { readonly kind: "none" | "select" | "done" }
  | { readonly kind: "press"; readonly from: Point; readonly at: number }
  | { readonly kind: "pair"; readonly middle: Point; readonly apart: number }
  | { readonly kind: "pan"; readonly fingers: number }
  | { readonly kind: "pinch"; readonly apart: number };

export class Hand {
  #phase: Phase = { kind: "none" };
  #last: Point = { x: 0, y: 0 };
  #trail: { readonly point: Point; readonly at: number }[] = [];

  /** A finger waits for `held`. */
  get waiting(): boolean {
    return this.#phase.kind === "press";
  }

  /** The gesture is ours: the browser must do nothing of its own about it. */
  get busy(): boolean {
    return ["pan", "pair", "pinch", "select"].includes(this.#phase.kind);
  }

  /** A finger came down; `points` are all that are down now, `at` is in ms. */
  down(points: readonly Point[], at: number): readonly Act[] {
    const [first, second] = points;
    // Whoever selects or pinches already may rest another finger on the glass.
    if (["pinch", "select"].includes(this.#phase.kind) || first === undefined) return [];
    this.#last = middleOf(points);
    this.#trail = [{ point: this.#last, at }];
    if (points.length === 1) this.#phase = { kind: "press", from: first, at };
    else if (points.length === 2 && second !== undefined) this.#phase = { kind: "pair", middle: this.#last, apart: distance(first, second) };
    else this.#phase = { kind: "done" };
    return [];
  }

  /** Fingers moved. */
  move(points: readonly Point[], at: number): readonly Act[] {
    const [first, second] = points;
    if (first === undefined) return [];
    const middle = middleOf(points);
    if (this.#phase.kind === "press" && distance(first, this.#phase.from) >= SLOP_PX) this.#pans(middle, 1);
    else if (this.#phase.kind === "pair" && second !== undefined) {
      if (Math.abs(distance(first, second) - this.#phase.apart) >= PINCH_DEAD_PX) this.#phase = { kind: "pinch", apart: this.#phase.apart };
      else if (distance(middle, this.#phase.middle) >= PINCH_DEAD_PX) this.#pans(middle, 2);
    }
    switch (this.#phase.kind) {
      case "select":
        return [{ kind: "extend", at: first }];
      case "pinch":
        return second === undefined ? [] : [{ kind: "pinch", ratio: distance(first, second) / this.#phase.apart }];
      case "pan":
        // With one of two fingers gone the middle jumps: that is no movement.
        return points.length === this.#phase.fingers ? this.#pan(middle, at) : [];
      default:
        return [];
    }
  }

  /** A finger went up; `left` are still down. */
  up(left: number, at: number): readonly Act[] {
    const phase = this.#phase;
    if (left > 0 && phase.kind !== "pinch") return [];
    this.#phase = { kind: left > 0 ? "done" : "none" };
    switch (phase.kind) {
      case "press":
        return at - phase.at < HOLD_MS ? [{ kind: "tap", at: phase.from }] : [];
      case "select":
        return [{ kind: "chosen" }];
      case "pinch":
        return [{ kind: "pinched" }];
      case "pan": {
        const { vx, vy } = this.#velocity(at);
        return Math.hypot(vx, vy) < STILL_PX_PER_MS ? [] : [{ kind: "fling", vx, vy, at: this.#last }];
      }
      default:
        return [];
    }
  }

  /** The finger has been where it is for `HOLD_MS`. */
  held(): readonly Act[] {
    if (this.#phase.kind !== "press") return [];
    const at = this.#phase.from;
    this.#phase = { kind: "select" };
    return [{ kind: "word", at }];
  }

  /** The browser took the fingers away. */
  cancel(): readonly Act[] {
    const { kind } = this.#phase;
    this.#phase = { kind: "none" };
    return kind === "pinch" ? [{ kind: "pinched" }] : kind === "select" ? [{ kind: "chosen" }] : [];
  }

  #pans(middle: Point, fingers: number): void {
    this.#phase = { kind: "pan", fingers };
    this.#last = middle;
  }

  #pan(middle: Point, at: number): readonly Act[] {
    const dx = this.#last.x - middle.x;
    const dy = this.#last.y - middle.y;
    this.#last = middle;
    this.#trail = [...this.#trail.filter((one) => at - one.at <= VELOCITY_WINDOW_MS), { point: middle, at }];
    return dx === 0 && dy === 0 ? [] : [{ kind: "pan", dx, dy, at: middle }];
  }

  #velocity(at: number): { readonly vx: number; readonly vy: number } {
    const first = this.#trail.find((one) => at - one.at <= VELOCITY_WINDOW_MS);
    const last = this.#trail.at(-1);
    if (first === undefined || last === undefined || last.at === first.at) return { vx: 0, vy: 0 };
    const ms = last.at - first.at;
    return { vx: (first.point.x - last.point.x) / ms, vy: (first.point.y - last.point.y) / ms };
  }
}

/** One step of the coasting after a fling, `elapsed` ms long: px to go, and the speed that is left (0: it rests). */
export function coast(velocity: number, elapsed: number): { readonly px: number; readonly velocity: number } {
  const slower = velocity * FRICTION_PER_MS ** elapsed;
  return { px: velocity * elapsed, velocity: Math.abs(slower) < STILL_PX_PER_MS ? 0 : slower };
}

/** Px become whole lines; what is left over counts for the next. */
export class Lines {
  #rest = 0;

  take(px: number, lineHeight: number): number {
    this.#rest += px;
    const lines = Math.trunc(this.#rest / lineHeight);
    this.#rest -= lines * lineHeight;
    return lines;
  }
}

/** How much of `px` an element at `at` of `[0, max]` can scroll by itself, and what is over. */
export function share(px: number, at: number, max: number): { readonly own: number; readonly over: number } {
  const own = Math.min(Math.max(at + px, 0), Math.max(0, max)) - at;
  return { own, over: px - own };
}

function middleOf(points: readonly Point[]): Point {
  const sum = points.reduce((total, point) => ({ x: total.x + point.x, y: total.y + point.y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
