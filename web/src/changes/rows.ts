/** A file's changes as rows, for one column or two. Pure. */
import type { FileChange, Hunk } from "./api";

export interface Side {
  /** Line number, from 1. */
  readonly line: number;
  readonly text: string;
  /** The line that it stands against, for marking words. */
  readonly other: string | null;
}

export type Row =
  | { readonly kind: "hunk"; readonly heading: string }
  | { readonly kind: "same"; readonly old: Side; readonly now: Side }
  | { readonly kind: "changed"; readonly old: Side | null; readonly now: Side | null }
  | { readonly kind: "end" };

/** Rows of a file. In one column a removed line and an added one are two rows, in two columns they share one. */
export function rowsOf(file: Pick<FileChange, "hunks">, split: boolean): readonly Row[] {
  return file.hunks.flatMap((hunk) => [{ kind: "hunk", heading: headingOf(hunk) } as const, ...linesOf(hunk, split)]);
}

function headingOf(hunk: Hunk): string {
  return `@@ −${hunk.old} +${hunk.new} @@ ${hunk.heading}`.trimEnd();
}

function linesOf(hunk: Hunk, split: boolean): Row[] {
  const rows: Row[] = [];
  let old = hunk.old;
  let now = hunk.new;
  let gone: [number, string][] = [];
  let come: [number, string][] = [];
  const flush = () => {
    const pairs = Math.max(gone.length, come.length);
    const side = (mine: [number, string] | undefined, other: [number, string] | undefined): Side | null =>
      mine === undefined ? null : { line: mine[0], text: mine[1], other: other?.[1] ?? null };
    const olds = Array.from({ length: pairs }, (_, at) => side(gone[at], come[at]));
    const nows = Array.from({ length: pairs }, (_, at) => side(come[at], gone[at]));
    if (split) olds.forEach((one, at) => rows.push({ kind: "changed", old: one, now: nows[at]! }));
    else {
      for (const one of olds) if (one !== null) rows.push({ kind: "changed", old: one, now: null });
      for (const one of nows) if (one !== null) rows.push({ kind: "changed", old: null, now: one });
    }
    gone = [];
    come = [];
  };
  for (const line of hunk.lines) {
    const text = line.slice(1);
    switch (line[0]) {
      case "-":
        if (come.length > 0) flush();
        gone.push([old++, text]);
        break;
      case "+":
        come.push([now++, text]);
        break;
      case " ":
        flush();
        rows.push({ kind: "same", old: { line: old++, text, other: null }, now: { line: now++, text, other: null } });
        break;
      default:
        // A removed line may lack its end while the added one has it: they stay one change.
        if (come.length > 0 || gone.length === 0) {
          flush();
          rows.push({ kind: "end" });
        }
    }
  }
  flush();
  return rows;
}

/** One line for the agent: nothing in it may act on a terminal, whatever a repository holds. */
export function oneLine(text: string, limit = 160): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").trim();
  return clean.length > limit ? `${clean.slice(0, limit)}…` : clean;
}
