/** What of a terminal's new lines is said aloud: each once, when it stands still, and never more than can be listened to. Pure. */

const LINES_MAX = 12;
const CHARS_MAX = 800;

export interface Said {
  readonly words: string;
  /** New lines that were left out. */
  readonly more: number;
}

/** Frames of boxes, rules and spinners say nothing. */
function sayable(line: string): string {
  const words = line.replace(/[\u2500-\u259f\u2800-\u28ff]+/g, " ").replace(/\s+/g, " ").trim();
  return /[\p{L}\p{N}]/u.test(words) ? words : "";
}

function counted(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

export class Announcer {
  /** How often each line is there and was said; null before the first look, of which nothing is said. */
  #said: Map<string, number> | null = null;
  #before = new Map<string, number>();

  /** Look at the newest lines. Programs draw a line again and again while they work on it: said is what two looks saw. */
  look(lines: readonly string[]): Said | null {
    const seen = lines.map(sayable).filter((line) => line !== "");
    const now = counted(seen);
    const before = this.#before;
    this.#before = now;
    if (this.#said === null) {
      this.#said = now;
      return null;
    }
    const said = new Map<string, number>();
    const fresh = new Map<string, number>();
    for (const [line, count] of now) {
      const known = Math.min(this.#said.get(line) ?? 0, count);
      const steady = Math.max(known, Math.min(count, before.get(line) ?? 0));
      said.set(line, steady);
      if (steady > known) fresh.set(line, steady - known);
    }
    this.#said = said;
    return cut(lastOf(seen, fresh));
  }
}

/** The newest of `lines`, of each as many as `fresh` says, in their order. */
function lastOf(lines: readonly string[], fresh: Map<string, number>): string[] {
  const found: string[] = [];
  for (const line of lines.toReversed()) {
    const left = fresh.get(line) ?? 0;
    if (left === 0) continue;
    fresh.set(line, left - 1);
    found.unshift(line);
  }
  return found;
}

/** The newest lines that may be listened to. */
function cut(lines: readonly string[]): Said | null {
  if (lines.length === 0) return null;
  let chars = 0;
  const shown = lines.slice(-LINES_MAX).filter((line, at, all) => (chars += line.length) <= CHARS_MAX || at === all.length - 1);
  return { words: shown.join("\n").slice(0, CHARS_MAX), more: lines.length - shown.length };
}
