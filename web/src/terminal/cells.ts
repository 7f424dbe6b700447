/** Where things are in a terminal: from px to cells, and the cells of a line that was folded. */
import type { Terminal } from "@xterm/xterm";

import type { Point } from "./gestures";
import type { Cell } from "./words";

// A line that is longer than this is read in part: nobody points at more.
const ROWS_MAX = 60;

/** A cell: its column, and its line in the buffer. */
export interface Spot {
  readonly col: number;
  readonly line: number;
}

/** A line as the program wrote it, folded over rows of the buffer from `first`. */
export interface Logical {
  readonly first: number;
  readonly cells: readonly Cell[];
}

export function screenOf(terminal: Terminal): HTMLElement | null {
  return terminal.element?.querySelector<HTMLElement>(".xterm-screen") ?? null;
}

/** Height and width of a cell in px. */
export function cellSize(terminal: Terminal): { readonly width: number; readonly height: number } {
  const screen = screenOf(terminal);
  return {
    width: Math.max(2, (screen?.clientWidth ?? 0) / terminal.cols || 8),
    height: Math.max(4, (screen?.clientHeight ?? 0) / terminal.rows || 16),
  };
}

/** The cell under a point of the page, the nearest one where none is. */
export function spotAt(terminal: Terminal, point: Point): Spot {
  const box = screenOf(terminal)?.getBoundingClientRect();
  const { width, height } = cellSize(terminal);
  const col = Math.floor((point.x - (box?.left ?? 0)) / width);
  const row = Math.floor((point.y - (box?.top ?? 0)) / height);
  return {
    col: Math.min(terminal.cols - 1, Math.max(0, col)),
    line: terminal.buffer.active.viewportY + Math.min(terminal.rows - 1, Math.max(0, row)),
  };
}

/** The line through `line` of the buffer, unfolded. */
export function logicalAt(terminal: Terminal, line: number): Logical {
  const buffer = terminal.buffer.active;
  let first = line;
  while (first > Math.max(0, line - ROWS_MAX) && buffer.getLine(first)?.isWrapped === true) first--;
  let last = line;
  while (last < line + ROWS_MAX && buffer.getLine(last + 1)?.isWrapped === true) last++;
  const cells: Cell[] = [];
  for (let row = first; row <= last; row++) {
    const found = buffer.getLine(row);
    for (let col = 0; col < terminal.cols; col++) {
      const cell = found?.getCell(col);
      const chars = cell?.getChars() ?? "";
      // A wide character that did not fit leaves the row's last cell empty: its line goes on all the same.
      const padding = chars === "" && cell?.getWidth() === 1 && col === terminal.cols - 1 && row < last;
      cells.push({ chars, width: padding ? 0 : (cell?.getWidth() ?? 1) });
    }
  }
  return { first, cells };
}
