/** Which words of a changed line changed. Pure. */

/** Pieces of a line, alternately kept and changed; the first is kept, and may be empty. */
export type Pieces = readonly string[];

const TOKENS_MAX = 400;
const TOKEN = /[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu;

/** The two lines as pieces. Lines that have nothing to do with each other are changed as a whole, and are not marked. */
export function wordMarks(before: string, after: string): readonly [Pieces, Pieces] {
  const a = before.match(TOKEN) ?? [];
  const b = after.match(TOKEN) ?? [];
  if (a.length > TOKENS_MAX || b.length > TOKENS_MAX) return edges(before, after);
  const same = common(a, b);
  const kept = same.reduce((sum, [i]) => sum + (/^\s/.test(a[i]!) ? 0 : a[i]!.length), 0);
  if (kept * 3 < Math.min(before.length, after.length)) return [[before], [after]];
  return [pieces(a, new Set(same.map(([i]) => i))), pieces(b, new Set(same.map(([, j]) => j)))];
}

/** What differs between a common beginning and a common end. */
function edges(before: string, after: string): readonly [Pieces, Pieces] {
  const short = Math.min(before.length, after.length);
  let head = 0;
  while (head < short && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < short - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  if ((head + tail) * 3 < short) return [[before], [after]];
  const cut = (line: string) => [line.slice(0, head), line.slice(head, line.length - tail), line.slice(line.length - tail)];
  return [cut(before), cut(after)];
}

/** The longest common subsequence of two lists, as pairs of places. */
function common(a: readonly string[], b: readonly string[]): readonly (readonly [number, number])[] {
  const width = b.length + 1;
  const best = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      best[i * width + j] = a[i] === b[j] ? best[(i + 1) * width + j + 1]! + 1 : Math.max(best[(i + 1) * width + j]!, best[i * width + j + 1]!);
    }
  }
  const found: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) found.push([i++, j++]);
    else if (best[(i + 1) * width + j]! >= best[i * width + j + 1]!) i++;
    else j++;
  }
  return found;
}

function pieces(tokens: readonly string[], kept: ReadonlySet<number>): Pieces {
  const made: string[] = [""];
  tokens.forEach((token, at) => {
    const isKept = kept.has(at);
    if (isKept === (made.length % 2 === 1)) made[made.length - 1] += token;
    else made.push(token);
  });
  return made;
}
