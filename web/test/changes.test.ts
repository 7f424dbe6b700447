import { describe, expect, it } from "vitest";

import { wordMarks } from "../src/changes/marks";
import { oneLine, rowsOf } from "../src/changes/rows";
import { fromChanges, rowsOf as treeRows } from "../src/files/tree";
import type { Entry } from "../src/changes/api";

const hunk = (...lines: string[]) => ({ hunks: [{ old: 10, new: 20, heading: "f()", lines }] });

describe("rows of a change", () => {
  it("has one row for each line in one column", () => {
    const rows = rowsOf(hunk(" a", "-b", "-c", "+B", " d"), false);
    expect(rows.map((row) => row.kind)).toEqual(["hunk", "same", "changed", "changed", "changed", "same"]);
    expect(rows[2]).toMatchObject({ old: { line: 11, text: "b", other: "B" }, now: null });
    expect(rows[3]).toMatchObject({ old: { line: 12, text: "c", other: null } });
    expect(rows[4]).toMatchObject({ old: null, now: { line: 21, text: "B", other: "b" } });
    expect(rows[5]).toMatchObject({ old: { line: 13 }, now: { line: 22 } });
  });

  it("puts removed and added lines beside each other in two", () => {
    const rows = rowsOf(hunk("-b", "-c", "+B"), true);
    expect(rows.slice(1)).toMatchObject([
      { old: { text: "b" }, now: { text: "B" } },
      { old: { text: "c" }, now: null },
    ]);
  });

  it("begins a new change where something is removed behind what was added", () => {
    expect(rowsOf(hunk("+a", "-b"), true)).toHaveLength(3);
  });

  it("says where a line's end is missing, and keeps its change together", () => {
    expect(rowsOf(hunk("-a", "\\ No newline", "+a"), true).map((row) => row.kind)).toEqual(["hunk", "changed"]);
    expect(rowsOf(hunk("-a", "+b", "\\ No newline"), false).map((row) => row.kind)).toEqual(["hunk", "changed", "changed", "end"]);
  });
});

describe("marks of words", () => {
  it("marks what changed and nothing else", () => {
    expect(wordMarks("let a = one(x);", "let a = two(x);")).toEqual([
      ["let a = ", "one", "(x);"],
      ["let a = ", "two", "(x);"],
    ]);
  });

  it("joined again they are the lines", () => {
    for (const [a, b] of [["", "x"], ["x y", "y"], ["你好 世界", "你好，世界"], ["a".repeat(5000), `${"a".repeat(4999)}b`], ["x ".repeat(900), `${"x ".repeat(899)}y`]] as const) {
      const [before, after] = wordMarks(a, b);
      expect([before.join(""), after.join("")]).toEqual([a, b]);
    }
  });

  it("does not mark lines that have nothing in common", () => {
    expect(wordMarks("alpha beta", "1 + 2")).toEqual([["alpha beta"], ["1 + 2"]]);
  });
});

describe("what goes before the agent's cursor", () => {
  it("is one line without anything that acts on a terminal", () => {
    expect(oneLine("a\x1b[31mb\r\nc\u202ed\x00")).toBe("a [31mb c d");
    expect(oneLine("x".repeat(500))).toHaveLength(161);
  });
});

describe("the tree", () => {
  const entry = (path: string, kind: Entry["kind"] = "file"): Entry => ({ name: path.split("/").at(-1)!, path, key: path, kind, size: 0, change: "", target: "" });
  const listings = new Map([["", { entries: [entry("src", "directory"), entry("a")] }], ["src", { entries: [entry("src/b")] }]]);

  it("shows what is open", () => {
    expect(treeRows(listings, new Set()).map((row) => [row.entry.path, row.level, row.open])).toEqual([["src", 1, false], ["a", 1, null]]);
    expect(treeRows(listings, new Set(["src"])).map((row) => row.entry.path)).toEqual(["src", "src/b", "a"]);
  });

  it("of changed files is flat, and a removed one can't be opened", () => {
    expect(fromChanges([{ path: "x/y", key: "x/y", status: "D" }])).toMatchObject([{ name: "x/y", key: "", kind: "special" }]);
  });
});
