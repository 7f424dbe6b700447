/** A terminal's rows as lines to read. Pure. */

/** A row of the terminal; `goesOn` when it is the rest of the line above it. */
export interface Row {
  readonly text: string;
  readonly goesOn: boolean;
}

/** What is read: what scrolled off, in stretches of equal length, and what is on the screen. */
export interface Reading {
  readonly earlier: readonly string[];
  readonly screen: readonly string[];
}

export const NOTHING: Reading = { earlier: [], screen: [] };

/** How many lines a stretch has. */
export const STRETCH = 100;

/** Whole lines: what was folded at the terminal's width is one line again, blanks at ends are none. */
export function unfolded(rows: readonly Row[]): string[] {
  const lines: string[] = [];
  for (const row of rows) {
    if (row.goesOn && lines.length > 0) lines[lines.length - 1] += row.text;
    else lines.push(row.text);
  }
  return lines.map((line) => line.trimEnd());
}

/** The rows before `screenAt` have scrolled off. Lines that begin above the screen's top belong to what is earlier. */
export function reading(rows: readonly Row[], screenAt: number): Reading {
  let top = screenAt;
  while (top < rows.length && rows[top]?.goesOn) top++;
  const screen = unfolded(rows.slice(top));
  while (screen.at(-1) === "") screen.pop();
  return { earlier: unfolded(rows.slice(0, top)), screen };
}

/** `lines` cut into stretches. */
export function stretches(lines: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(lines.length / STRETCH) }, (_, at) => lines.slice(at * STRETCH, (at + 1) * STRETCH));
}
