/**
 * How many columns characters take: as the server's screen model has it, whose tables are newer than xterm.js' own.
 * `tools/widths.py` writes the numbers.
 */
import type { IUnicodeVersionProvider, Terminal } from "@xterm/xterm";

import { wide, zero } from "./widths.json";

type Width = 0 | 1 | 2;

const BASIC = 0x10000;

export const PROVIDER: IUnicodeVersionProvider = {
  version: "tether",
  wcwidth: widthOf,
  // xterm.js' own packing: whether it joins what stands before it, and the width of both.
  charProperties(point: number, before: number): number {
    const width = widthOf(point);
    const joins = width === 0 && before !== 0 && ((before >> 1) & 3) !== 0;
    return ((joins ? (before >> 1) & 3 : width) << 1) | (joins ? 1 : 0);
  },
};

/** Take these widths in `terminal`. */
export function measureAsServer(terminal: Terminal): void {
  terminal.unicode.register(PROVIDER);
  terminal.unicode.activeVersion = PROVIDER.version;
}

let basic: Uint8Array | undefined;

export function widthOf(point: number): Width {
  if (point < 0x7f) return point < 0x20 ? 0 : 1;
  if (point < 0xa0) return 0;
  if (point >= BASIC) return looked(point);
  basic ??= Uint8Array.from({ length: BASIC }, (_, at) => looked(at));
  return basic[point] as Width;
}

function looked(point: number): Width {
  return within(zero, point) ? 0 : within(wide, point) ? 2 : 1;
}

/** Whether `point` is in one of the runs, which are beginnings and ends. */
function within(runs: readonly number[], point: number): boolean {
  let low = 0;
  let high = runs.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (runs[2 * middle + 1]! < point) low = middle + 1;
    else high = middle;
  }
  return low < runs.length / 2 && runs[2 * low]! <= point;
}
