/**
 * Touch on the terminal: xterm.js 6.0 has none of its own. `Hand` says what fingers mean; here it is done. On the
 * alternate screen, and where a program watches the mouse, a drag becomes the wheel, which the terminal turns into what
 * the program asked for: mouse reports or arrow keys.
 */
import type { Terminal } from "@xterm/xterm";

import { cellSize, logicalAt, screenOf, spotAt } from "./cells";
import { coast, Hand, HOLD_MS, Lines, share, type Act, type Point } from "./gestures";
import type { Grip, Selecting } from "./selecting";
import { addressAt } from "./words";

const HAPTIC_MS = 10;

export interface Touched {
  /** A finger scrolls towards older lines. */
  up(): void;
  /** Make letters `ratio` times as large as they were when the fingers came. */
  pinch(ratio: number): void;
  pinched(): void;
  /** A web address was tapped. */
  link(address: string): void;
  /** What moves by itself does not go on. */
  readonly still: boolean;
}

/** The touch layer of one terminal. */
export class Touch {
  readonly #hand = new Hand();
  readonly #lines = new Lines();
  readonly #stop = new AbortController();
  #grip: Grip | null = null;
  #hold: ReturnType<typeof setTimeout> | undefined;
  #frame = 0;
  #tapped = false;

  constructor(
    private readonly terminal: Terminal,
    private readonly area: HTMLElement,
    private readonly selecting: Selecting,
    private readonly told: Touched,
  ) {
    const options = { signal: this.#stop.signal, passive: false, capture: true };
    area.addEventListener("touchstart", (event) => this.#down(event), options);
    area.addEventListener("touchmove", (event) => this.#move(event), options);
    area.addEventListener("touchend", (event) => this.#up(event), options);
    area.addEventListener("touchcancel", () => this.#cancel(), options);
    // A long touch selects; the browser's menu for it would end that.
    area.addEventListener("contextmenu", (event) => event.preventDefault(), options);
  }

  /** What a fling left moving stands still. */
  rest(): void {
    this.#halt();
  }

  close(): void {
    this.#halt();
    clearTimeout(this.#hold);
    this.#stop.abort();
  }

  #down(event: TouchEvent): void {
    this.#halt();
    const points = pointsOf(event.touches);
    this.#grip = this.selecting.gripOf(event.target);
    if (this.#grip !== null && points[0] !== undefined) {
      ours(event);
      return this.selecting.grab(this.#grip, points[0]);
    }
    this.#do(this.#hand.down(points, event.timeStamp));
    clearTimeout(this.#hold);
    if (this.#hand.waiting) this.#hold = setTimeout(() => this.#do(this.#hand.held()), HOLD_MS);
  }

  #move(event: TouchEvent): void {
    const points = pointsOf(event.touches);
    if (this.#grip !== null) {
      ours(event);
      if (points[0] !== undefined) this.selecting.extend(points[0]);
      return;
    }
    this.#do(this.#hand.move(points, event.timeStamp));
    if (!this.#hand.waiting) clearTimeout(this.#hold);
    if (!this.#hand.busy) return;
    // The page must neither move nor reload under the finger, and the terminal must not select by itself.
    ours(event);
    event.stopPropagation();
  }

  #up(event: TouchEvent): void {
    clearTimeout(this.#hold);
    const used = this.#hand.busy || this.#grip !== null;
    if (this.#grip !== null) {
      this.#grip = null;
      this.selecting.done();
    }
    this.#tapped = false;
    this.#do(this.#hand.up(event.touches.length, event.timeStamp));
    // Inside the terminal the click that follows a tap is for the program; outside, it would take the focus away.
    if (used || this.#tapped || !(this.terminal.element?.contains(event.target as Node) ?? false)) ours(event);
  }

  #cancel(): void {
    clearTimeout(this.#hold);
    if (this.#grip !== null) this.selecting.done();
    this.#grip = null;
    this.#do(this.#hand.cancel());
  }

  #do(acts: readonly Act[]): void {
    for (const act of acts) this.#act(act);
  }

  #act(act: Act): void {
    switch (act.kind) {
      case "tap":
        return this.#tap(act.at);
      case "pan":
        return this.#pan(act.dx, act.dy, act.at);
      case "fling":
        if (!this.told.still) this.#coast(act.vx, act.vy, act.at);
        return;
      case "word":
        if (this.selecting.word(act.at)) navigator.vibrate?.(HAPTIC_MS);
        return;
      case "extend":
        return this.selecting.extend(act.at);
      case "chosen":
        return this.selecting.done();
      case "pinch":
        return this.told.pinch(act.ratio);
      case "pinched":
        return this.told.pinched();
    }
  }

  /** A tap means: type here. On an address it opens that, and with something selected it lets go of it. */
  #tap(at: Point): void {
    if (this.selecting.active) {
      this.#tapped = true;
      return this.terminal.clearSelection();
    }
    const address = this.terminal.modes.mouseTrackingMode === "none" ? this.#addressAt(at) : null;
    this.#tapped = address !== null;
    if (address !== null) return this.told.link(address);
    this.terminal.focus();
  }

  #addressAt(at: Point): string | null {
    const spot = spotAt(this.terminal, at);
    const { first, cells } = logicalAt(this.terminal, spot.line);
    return addressAt(cells, (spot.line - first) * this.terminal.cols + spot.col)?.address ?? null;
  }

  /** First what is beyond the page of a larger session, then older and newer lines. */
  #pan(dx: number, dy: number, at: Point): void {
    const { area } = this;
    area.scrollLeft += share(dx, area.scrollLeft, area.scrollWidth - area.clientWidth).own;
    const { own, over } = share(dy, area.scrollTop, area.scrollHeight - area.clientHeight);
    area.scrollTop += own;
    this.#scroll(this.#lines.take(over, cellSize(this.terminal).height), at);
  }

  #scroll(lines: number, at: Point): void {
    if (lines === 0) return;
    if (lines < 0) this.told.up();
    const { buffer, modes } = this.terminal;
    if (buffer.active.type === "normal" && modes.mouseTrackingMode === "none") this.terminal.scrollLines(lines);
    else wheel(this.terminal, lines, at);
  }

  #coast(vx: number, vy: number, at: Point): void {
    let before = performance.now();
    let [x, y] = [vx, vy];
    const step = (now: number) => {
      const elapsed = Math.max(1, now - before);
      before = now;
      const [right, down] = [coast(x, elapsed), coast(y, elapsed)];
      [x, y] = [right.velocity, down.velocity];
      this.#pan(right.px, down.px, at);
      if (x !== 0 || y !== 0) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  #halt(): void {
    cancelAnimationFrame(this.#frame);
  }
}

/** The browser is to make nothing of it. What it does already it does not let go of. */
function ours(event: TouchEvent): void {
  if (event.cancelable) event.preventDefault();
}

function pointsOf(touches: TouchList): readonly Point[] {
  return Array.from(touches, (touch) => ({ x: touch.clientX, y: touch.clientY }));
}

function wheel(terminal: Terminal, lines: number, at: Point): void {
  const target = screenOf(terminal);
  const init = { deltaMode: WheelEvent.DOM_DELTA_LINE, deltaY: Math.sign(lines), bubbles: true, cancelable: true };
  for (let i = 0; i < Math.abs(lines); i++) {
    target?.dispatchEvent(new WheelEvent("wheel", { ...init, clientX: at.x, clientY: at.y }));
  }
}
