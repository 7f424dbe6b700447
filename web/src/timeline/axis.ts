/** Time as it is shown: long silences are short. Pure; all times in microseconds. */

/** From time, to time, from event, to event, bytes. */
export type Span = readonly [number, number, number, number, number];

/** The shortest silence that is shortened, and what it counts then. */
const IDLE_US = 10_000_000;
export const GAP_US = 1_500_000;

interface Piece {
  /** Where it begins, in time and on the axis. */
  readonly ts: number;
  readonly at: number;
  /** How long it is, in time and on the axis. */
  readonly lasts: number;
  readonly shown: number;
}

export class Axis {
  readonly length: number;
  readonly first: number;
  readonly last: number;
  readonly #pieces: readonly Piece[];

  /** Of spans in their order. With `collapse` the silences between them are shortened. */
  constructor(readonly spans: readonly Span[], collapse: boolean) {
    const pieces: Piece[] = [];
    let at = 0;
    const add = (ts: number, lasts: number, shown: number) => {
      pieces.push({ ts, at, lasts, shown });
      at += shown;
    };
    spans.forEach(([from, to], index) => {
      const before = spans[index - 1]?.[1] ?? from;
      const gap = Math.max(0, from - before);
      if (index > 0) add(before, gap, collapse && gap > IDLE_US ? GAP_US : gap);
      add(from, Math.max(0, to - from), Math.max(0, to - from));
    });
    this.#pieces = pieces;
    this.length = at;
    this.first = spans[0]?.[0] ?? 0;
    this.last = spans.at(-1)?.[1] ?? 0;
  }

  /** Where a time stands on the axis. */
  at(ts: number): number {
    const piece = this.#find((one) => one.ts <= ts);
    if (piece === undefined) return 0;
    const part = piece.lasts === 0 ? 0 : Math.min(1, (ts - piece.ts) / piece.lasts);
    return piece.at + Math.max(0, part) * piece.shown;
  }

  /** The time at a place of the axis. */
  ts(at: number): number {
    const piece = this.#find((one) => one.at <= at);
    if (piece === undefined) return this.first;
    const part = piece.shown === 0 ? 0 : Math.min(1, (at - piece.at) / piece.shown);
    return Math.round(piece.ts + Math.max(0, part) * piece.lasts);
  }

  /** How busy each of `count` equal parts of the axis was, from 0 to 1. */
  density(count: number): readonly number[] {
    const sums = new Array<number>(count).fill(0);
    for (const [from, to, , , size] of this.spans) {
      const [a, b] = [this.at(from), this.at(to)].map((place) => Math.min(count - 1, Math.floor((place / Math.max(1, this.length)) * count)));
      for (let part = a!; part <= b!; part++) sums[part]! += size / (b! - a! + 1);
    }
    const most = Math.log1p(Math.max(1, ...sums));
    return sums.map((sum) => Math.log1p(sum) / most);
  }

  /** The last piece of which `before` is true. */
  #find(before: (one: Piece) => boolean): Piece | undefined {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(this.#pieces[middle]!)) low = middle + 1;
      else high = middle;
    }
    return this.#pieces[low - 1];
  }
}

/** A length of time in words that every language writes alike: 1:02:03. */
export function clockOf(us: number): string {
  const seconds = Math.max(0, Math.floor(us / 1e6));
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}
