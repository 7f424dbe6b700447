/** Selecting by touch: a word, then its ends by two handles. The selection itself is the terminal's. */
import type { Terminal } from "@xterm/xterm";

import { cellSize, logicalAt, screenOf, spotAt, type Spot } from "./cells";
import type { Point } from "./gestures";
import { addressAt, wordAt } from "./words";

const EDGE_PX = 28;
const EDGE_MS = 60;

/** Ends of a selection, as counts of cells from the buffer's beginning; `to` is behind the last cell. */
interface Ends {
  readonly from: number;
  readonly to: number;
}

export type Grip = "from" | "to";

export class Selecting {
  readonly #grips: Readonly<Record<Grip, HTMLElement>>;
  #anchor: Ends | null = null;
  #edge: ReturnType<typeof setInterval> | undefined;
  #drop: Point = { x: 0, y: 0 };
  #busy = false;

  /** `area` is what is seen of the terminal; `changed` is told when there is another selection, or none any more. */
  constructor(
    private readonly terminal: Terminal,
    private readonly area: HTMLElement,
    private readonly changed: () => void,
  ) {
    this.#grips = { from: grip("from"), to: grip("to") };
    const place = () => this.#place();
    terminal.onSelectionChange(() => { place(); if (!this.#busy) changed(); });
    terminal.onRender(place);
  }

  get active(): boolean {
    return this.terminal.hasSelection();
  }

  /** Which handle an event is about. */
  gripOf(target: EventTarget | null): Grip | null {
    if (target === this.#grips.from) return "from";
    return target === this.#grips.to ? "to" : null;
  }

  /** Select the word, or the whole address, under a finger. False where there is none. */
  word(at: Point): boolean {
    const spot = spotAt(this.terminal, at);
    const { first, cells } = logicalAt(this.terminal, spot.line);
    const index = (spot.line - first) * this.terminal.cols + spot.col;
    const range = addressAt(cells, index)?.range ?? wordAt(cells, index);
    if (range === null) return false;
    const base = first * this.terminal.cols;
    this.#busy = true;
    this.#anchor = { from: base + range.from, to: base + range.to };
    this.#drop = { x: 0, y: 0 };
    this.#select(this.#anchor);
    return true;
  }

  /** A finger takes hold of a handle. */
  grab(which: Grip, at: Point): void {
    const ends = this.#ends();
    if (ends === null) return;
    // The other end stays, whichever side of it the finger goes to.
    this.#anchor = which === "from" ? { from: ends.to - 1, to: ends.to } : { from: ends.from, to: ends.from + 1 };
    this.#busy = true;
    const box = this.#grips[which].getBoundingClientRect();
    // The finger is below what it moves: it must not hide it.
    this.#drop = { x: at.x - (box.left + box.width / 2), y: at.y - box.top + cellSize(this.terminal).height / 2 };
  }

  /** The finger goes on: the selection reaches from where it began to here. */
  extend(at: Point): void {
    if (this.#anchor === null) return;
    this.#reach(at);
    clearInterval(this.#edge);
    const box = this.area.getBoundingClientRect();
    const by = at.y < box.top + EDGE_PX ? -1 : at.y > box.bottom - EDGE_PX ? 1 : 0;
    if (by === 0) return;
    this.#edge = setInterval(() => {
      this.terminal.scrollLines(by);
      this.#reach(at);
    }, EDGE_MS);
  }

  /** The finger went up. */
  done(): void {
    clearInterval(this.#edge);
    this.#anchor = null;
    this.#busy = false;
    this.#place();
    this.changed();
  }

  close(): void {
    clearInterval(this.#edge);
  }

  #reach(at: Point): void {
    const anchor = this.#anchor;
    if (anchor === null) return;
    const spot = spotAt(this.terminal, { x: at.x - this.#drop.x, y: at.y - this.#drop.y });
    const cell = this.#cell(spot);
    this.#select({ from: Math.min(anchor.from, cell), to: Math.max(anchor.to, cell + 1) });
  }

  #cell(spot: Spot): number {
    return spot.line * this.terminal.cols + spot.col;
  }

  #select({ from, to }: Ends): void {
    const { cols } = this.terminal;
    this.terminal.select(from % cols, Math.floor(from / cols), to - from);
  }

  #ends(): Ends | null {
    const found = this.terminal.getSelectionPosition();
    if (found === undefined) return null;
    const { cols } = this.terminal;
    return { from: found.start.y * cols + found.start.x, to: found.end.y * cols + found.end.x };
  }

  /** Put the handles where the selection ends. */
  #place(): void {
    const ends = this.#ends();
    const screen = screenOf(this.terminal);
    for (const which of ["from", "to"] as const) {
      const element = this.#grips[which];
      if (ends === null || screen === null) element.remove();
      else this.#put(element, which === "from" ? ends.from : ends.to, which, screen);
    }
  }

  #put(element: HTMLElement, cell: number, which: Grip, screen: HTMLElement): void {
    const { cols, rows, buffer } = this.terminal;
    const { width, height } = cellSize(this.terminal);
    // The end behind a row's last cell stands there, and not at the beginning of the next.
    const last = which === "to" ? cell - 1 : cell;
    const row = Math.floor(last / cols) - buffer.active.viewportY;
    if (element.parentElement !== screen) screen.append(element);
    element.hidden = row < 0 || row >= rows;
    // At the left edge there is no room to its left.
    element.dataset["flip"] = String(which === "from" && last % cols < 2);
    element.style.transform = `translate(${((last % cols) + (which === "to" ? 1 : 0)) * width}px, ${(row + 1) * height}px)`;
  }
}

function grip(which: Grip): HTMLElement {
  const element = document.createElement("div");
  element.className = "grip";
  element.dataset["grip"] = which;
  element.dataset["testid"] = `grip-${which}`;
  element.setAttribute("aria-hidden", "true");
  return element;
}
