/** Words and addresses in the terminal's text, by cells. Pure. */

/** One cell: its character, and whether it is `wide` (2), the second half of a wide one (0), or neither (1). */
export interface Cell {
  readonly chars: string;
  readonly width: number;
}

/** Cells from `from` up to, not with, `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

type Kind = "blank" | "mark" | "cjk" | "word";

const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}々〆ー]/u;
// What surrounds a word, in both kinds of writing, and the lines that programs draw.
const MARK = /[()[\]{}<>"'`|,;\u2500-\u259f、。，；：？！「」『』（）【】《》“”‘’…]/u;
const ADDRESS = /https?:\/\/[^\s"'`<>\u2500-\u259f、。，；「」（）《》“”‘’]+/gu;
const TRAILING = /[.,:;!?]+$/;

function kindOf(cell: Cell): Kind {
  if (cell.chars.trim() === "") return "blank";
  if (CJK.test(cell.chars)) return "cjk";
  return MARK.test(cell.chars) ? "mark" : "word";
}

/** The cell whose character covers cell `at`. */
function head(cells: readonly Cell[], at: number): number {
  let found = at;
  while (found > 0 && cells[found]?.width === 0) found--;
  return found;
}

/** The word at cell `at`: a run of its kind, without the punctuation that ends a sentence; null where nothing is. */
export function wordAt(cells: readonly Cell[], at: number): Range | null {
  const start = cells[head(cells, at)];
  if (start === undefined) return null;
  const kind = kindOf(start);
  if (kind === "blank") return null;
  const alike = (index: number) => {
    const cell = cells[index];
    return cell !== undefined && (cell.width === 0 || (kindOf(cell) === kind && kind !== "mark"));
  };
  let from = head(cells, at);
  let to = from + 1;
  while (from > 0 && alike(from - 1)) from--;
  while (alike(to)) to++;
  if (kind !== "word") return { from, to };
  const trailing = TRAILING.exec(textOf(cells, { from, to }))?.[0].length ?? 0;
  return to - trailing > Math.max(from, head(cells, at)) ? { from, to: to - trailing } : { from, to };
}

/** The web address at cell `at`, whole; null where none is. */
export function addressAt(cells: readonly Cell[], at: number): { readonly range: Range; readonly address: string } | null {
  const starts: number[] = [];
  let text = "";
  cells.forEach((cell, index) => {
    if (cell.width === 0) return;
    const chars = cell.chars === "" ? " " : cell.chars;
    for (let unit = 0; unit < chars.length; unit++) starts.push(index);
    text += chars;
  });
  for (const match of text.matchAll(ADDRESS)) {
    const address = withoutTail(match[0]);
    const from = starts[match.index] ?? 0;
    const to = (starts[match.index + address.length - 1] ?? from) + 1;
    if (at >= from && at < to) return { range: { from, to }, address };
  }
  return null;
}

/** An address as it was meant: the sentence's punctuation and the bracket around it are not its own. */
function withoutTail(address: string): string {
  let left = address.replace(TRAILING, "");
  while (/[)\]}]$/.test(left) && !balanced(left)) left = left.slice(0, -1).replace(TRAILING, "");
  return left;
}

function balanced(text: string): boolean {
  const close = text.at(-1) ?? "";
  const open = { ")": "(", "]": "[", "}": "{" }[close] ?? "";
  return text.split(open).length === text.split(close).length;
}

function textOf(cells: readonly Cell[], range: Range): string {
  return cells.slice(range.from, range.to).map((cell) => cell.chars).join("");
}
