import { describe, expect, it } from "vitest";

import { Announcer } from "../src/read/announcer";
import { reading, stretches, STRETCH, unfolded, type Row } from "../src/read/lines";

const row = (text: string, goesOn = false): Row => ({ text, goesOn });

describe("lines to read", () => {
  it("are whole, however narrow the terminal is", () => {
    expect(unfolded([row("one   "), row("a long "), row("line", true), row("")])).toEqual(["one", "a long line", ""]);
    const words = "the quick brown fox jumps over the lazy dog";
    for (let cols = 1; cols < 50; cols++) {
      const folded = words.match(new RegExp(`.{1,${cols}}`, "g")) ?? [];
      expect(unfolded(folded.map((text, at) => row(text, at > 0)))).toEqual([words]);
    }
  });

  it("are apart by where the screen begins, and a line that begins above it is not cut", () => {
    const rows = [row("old"), row("folded "), row("line", true), row("new"), row(""), row("")];
    expect(reading(rows, 2)).toEqual({ earlier: ["old", "folded line"], screen: ["new"] });
    expect(reading(rows, 0)).toEqual({ earlier: [], screen: ["old", "folded line", "new"] });
    expect(reading([], 0)).toEqual({ earlier: [], screen: [] });
  });

  it("come in stretches", () => {
    const lines = Array.from({ length: 2 * STRETCH + 1 }, (_, at) => String(at));
    expect(stretches(lines).map((part) => part.length)).toEqual([STRETCH, STRETCH, 1]);
    expect(stretches(lines).flat()).toEqual(lines);
  });
});

describe("what is said aloud", () => {
  it("is nothing of what was there, and each new line once, when it stands still", () => {
    const aloud = new Announcer();
    expect(aloud.look(["$ "])).toBeNull();
    expect(aloud.look(["$ make", "one"])).toBeNull();
    expect(aloud.look(["$ make", "one"])).toEqual({ words: "$ make\none", more: 0 });
    expect(aloud.look(["$ make", "one"])).toBeNull();
    expect(aloud.look(["$ make", "one", "one"])).toBeNull();
    expect(aloud.look(["$ make", "one", "one"])).toEqual({ words: "one", more: 0 });
  });

  it("is no spinner and no frame", () => {
    const aloud = new Announcer();
    aloud.look([]);
    for (let second = 0; second < 9; second++) expect(aloud.look([`✻ Thinking… (${second}s)`, "╭────╮", "│    │"])).toBeNull();
    aloud.look(["│ Allow this? │"]);
    expect(aloud.look(["│ Allow this? │"])).toEqual({ words: "Allow this?", more: 0 });
  });

  it("is said again when it was gone meanwhile", () => {
    const aloud = new Announcer();
    const said = [["ok"], ["ok"], [], ["ok"], ["ok"]].map((lines) => aloud.look(lines)?.words);
    expect(said).toEqual([undefined, undefined, undefined, undefined, "ok"]);
  });

  it("has a limit, keeps the newest, and says how much was left out", () => {
    const aloud = new Announcer();
    aloud.look([]);
    const flood = Array.from({ length: 100 }, (_, at) => `line ${at}`);
    aloud.look(flood);
    const said = aloud.look(flood);
    expect(said?.words.split("\n").at(-1)).toBe("line 99");
    expect(said?.words.split("\n")).toHaveLength(12);
    expect(said?.more).toBe(88);
    const long = [..."abc"].map((char) => char.repeat(5_000));
    aloud.look(long);
    expect(aloud.look(long)?.words.length).toBeLessThanOrEqual(800);
  });

  it("is, of lines that are only added, every one exactly once and in order", () => {
    for (let turn = 0; turn < 200; turn++) {
      const aloud = new Announcer();
      const all = Array.from({ length: 8 }, () => `w${Math.floor(Math.random() * 3)}`);
      const heard: string[] = [];
      for (let upto = 0; upto <= all.length; upto += 1 + Math.floor(Math.random() * 2)) {
        aloud.look(all.slice(0, upto));
        heard.push(...(aloud.look(all.slice(0, upto))?.words.split("\n") ?? []));
      }
      aloud.look(all);
      heard.push(...(aloud.look(all)?.words.split("\n") ?? []));
      expect([...heard].sort()).toEqual([...all].sort());
    }
  });
});
