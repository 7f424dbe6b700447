import { describe, expect, it } from "vitest";

import { scaled } from "../src/terminal/font";
import { coast, Hand, HOLD_MS, Lines, share, type Act } from "../src/terminal/gestures";
import { addressAt, wordAt, type Cell } from "../src/terminal/words";

const at = (x: number, y: number) => ({ x, y });
const kinds = (acts: readonly Act[]) => acts.map((act) => act.kind);

describe("one finger", () => {
  it("taps when it hardly moves and goes up soon", () => {
    const hand = new Hand();
    hand.down([at(100, 100)], 0);
    expect(hand.move([at(103, 104)], 10)).toEqual([]);
    expect(hand.up(0, 100)).toEqual([{ kind: "tap", at: at(100, 100) }]);
  });

  it("does nothing when it stays too long for a tap and nobody held it", () => {
    const hand = new Hand();
    hand.down([at(100, 100)], 0);
    expect(hand.up(0, HOLD_MS + 1)).toEqual([]);
  });

  it("pans from where it began to move, and flings", () => {
    const hand = new Hand();
    hand.down([at(100, 300)], 0);
    expect(hand.move([at(100, 290)], 10)).toEqual([]);
    expect(hand.move([at(98, 270)], 20)).toEqual([{ kind: "pan", dx: 2, dy: 20, at: at(98, 270) }]);
    const [fling] = hand.up(0, 30);
    expect(fling?.kind === "fling" && fling.vy > 0.5).toBe(true);
    expect(hand.busy).toBe(false);
  });

  it("that came to rest does not fling", () => {
    const hand = new Hand();
    hand.down([at(0, 300)], 0);
    hand.move([at(0, 290)], 10);
    hand.move([at(0, 250)], 20);
    expect(hand.up(0, 500)).toEqual([]);
  });

  it("held selects the word, then extends, and a scroll before that selects nothing", () => {
    const hand = new Hand();
    hand.down([at(50, 60)], 0);
    expect(hand.held()).toEqual([{ kind: "word", at: at(50, 60) }]);
    expect(hand.move([at(90, 60)], 600)).toEqual([{ kind: "extend", at: at(90, 60) }]);
    expect(hand.down([at(90, 60), at(10, 10)], 610)).toEqual([]);
    expect(kinds(hand.up(0, 700))).toEqual(["chosen"]);
    hand.down([at(50, 60)], 1000);
    hand.move([at(50, 80)], 1100);
    expect(hand.held()).toEqual([]);
  });

  it("taken away ends what was begun", () => {
    const hand = new Hand();
    hand.down([at(50, 60)], 0);
    hand.held();
    expect(kinds(hand.cancel())).toEqual(["chosen"]);
    expect(hand.cancel()).toEqual([]);
  });
});

describe("two fingers", () => {
  it("pinch beyond a dead zone, by how far apart they are, and never scroll in that gesture", () => {
    const hand = new Hand();
    hand.down([at(150, 300)], 0);
    hand.down([at(150, 300), at(240, 300)], 5);
    expect(hand.waiting).toBe(false);
    expect(hand.move([at(148, 300), at(243, 300)], 10)).toEqual([]);
    expect(hand.move([at(94, 300), at(296, 300)], 20)).toEqual([{ kind: "pinch", ratio: 202 / 90 }]);
    expect(kinds(hand.move([at(95, 400), at(185, 400)], 30))).toEqual(["pinch"]);
    expect(kinds(hand.up(1, 40))).toEqual(["pinched"]);
    // The finger that is left does nothing until it is gone.
    expect(hand.move([at(95, 500)], 50)).toEqual([]);
    expect(hand.up(0, 60)).toEqual([]);
  });

  it("side by side pan, and do not jump when one leaves", () => {
    const hand = new Hand();
    hand.down([at(100, 300), at(200, 300)], 0);
    expect(hand.move([at(100, 280), at(200, 281)], 10)).toEqual([]);
    expect(hand.move([at(100, 260), at(200, 261)], 20)).toEqual([{ kind: "pan", dx: 0, dy: 20, at: at(150, 260.5) }]);
    expect(hand.move([at(100, 250)], 30)).toEqual([]);
  });
});

describe("scrolling", () => {
  it("makes whole lines and keeps the rest", () => {
    const lines = new Lines();
    expect([24, 8, -32, 15].map((px) => lines.take(px, 16))).toEqual([1, 1, -2, 0]);
    expect(lines.take(1, 16)).toBe(1);
  });

  it("coasts on and comes to rest", () => {
    let velocity = 2;
    let way = 0;
    for (let steps = 0; velocity !== 0 && steps < 1_000; steps++) {
      const step = coast(velocity, 16);
      way += step.px;
      velocity = step.velocity;
    }
    expect(velocity).toBe(0);
    expect(way).toBeGreaterThan(300);
  });

  it("moves a larger session first, and its lines with what is over", () => {
    expect(share(30, 10, 100)).toEqual({ own: 30, over: 0 });
    expect(share(30, 90, 100)).toEqual({ own: 10, over: 20 });
    expect(share(-30, 10, 100)).toEqual({ own: -10, over: -20 });
    expect(share(5, 0, -3)).toEqual({ own: 0, over: 5 });
  });
});

describe("the font", () => {
  const size = { cols: 100, rows: 30 };
  it("is the chosen one where the session fits", () => {
    expect(scaled(size, size, 13, 0)).toEqual({ px: 13, fit: "own" });
    expect(scaled(size, { cols: 120, rows: 40 }, 13, 9)).toEqual({ px: 13, fit: "boxed" });
  });

  it("is smaller for a larger session, down to what can be read, unless somebody looks closer", () => {
    expect(scaled(size, { cols: 80, rows: 30 }, 13, 0)).toEqual({ px: 10, fit: "boxed" });
    expect(scaled(size, { cols: 40, rows: 30 }, 13, 0)).toEqual({ px: 7, fit: "panned" });
    expect(scaled(size, { cols: 40, rows: 30 }, 13, 20)).toEqual({ px: 20, fit: "panned" });
  });
});

/** Text as a terminal has it: a wide character takes two cells. */
function cells(text: string): Cell[] {
  return Array.from(text).flatMap((chars) => (/[\u3000-\u9fff\uff00-\uffef]/.test(chars) ? [{ chars, width: 2 }, { chars: "", width: 0 }] : [{ chars, width: 1 }]));
}
const said = (row: readonly Cell[], range: { from: number; to: number } | null) => row.slice(range?.from ?? 0, range?.to ?? 0).map((cell) => cell.chars).join("");

describe("words", () => {
  it.each([
    ["open path/to/file_436.py now", 12, "path/to/file_436.py"],
    ["(see file.ts:12:3)", 8, "file.ts:12:3"],
    ["done. next", 2, "done"],
    ["说你好世界，再见", 4, "说你好世界"],
    ["说你好世界，再见", 5, "说你好世界"],
    ["git提交abc", 4, "提交"],
    ["a | b", 2, "|"],
    ["│name│", 2, "name"],
    ["..", 0, ".."],
  ])("in %j at %i is %j", (text, index, word) => {
    const row = cells(text);
    expect(said(row, wordAt(row, index))).toBe(word);
  });

  it("are not where nothing is", () => {
    expect(wordAt(cells("a  b"), 1)).toBeNull();
    expect(wordAt(cells("ab"), 7)).toBeNull();
    expect(wordAt([{ chars: "", width: 1 }], 0)).toBeNull();
  });
});

describe("addresses in cells", () => {
  it.each([
    ["go to https://example.org/a?b=c, please", 20, "https://example.org/a?b=c"],
    ["(https://example.org/a_(b))", 5, "https://example.org/a_(b)"],
    ["打开 https://example.org/你好 吧", 12, "https://example.org/你好"],
    ["see https://example.org/x。", 6, "https://example.org/x"],
  ])("%j", (text, index, address) => {
    expect(addressAt(cells(text), index)?.address).toBe(address);
  });

  it("are only where they are", () => {
    const row = cells("go to https://example.org/ now");
    expect(addressAt(row, 1)).toBeNull();
    expect(addressAt(row, 27)).toBeNull();
    expect(addressAt(row, 6)?.range).toEqual({ from: 6, to: 26 });
  });
});
