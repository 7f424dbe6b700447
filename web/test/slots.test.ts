// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";

import { layoutFor, loadSlots, moved, pagesOf, saveSlots, SLOTS, spare, turned, USUAL } from "../src/session/slots";
import { BAR_KEYS, keySequence } from "../src/terminal/keys";

const plain = { applicationCursor: false, ctrl: false, alt: false };

describe("keys of the bar", () => {
  it.each([
    ["pgup", "\x1b[5~"],
    ["delete", "\x1b[3~"],
    ["home", "\x1b[H"],
    ["f1", "\x1bOP"],
    ["f5", "\x1b[15~"],
    ["f12", "\x1b[24~"],
    ["newline", "\n"],
    ["pipe", "|"],
  ] as const)("%s", (key, sequence) => {
    expect(keySequence(key, plain)).toBe(sequence);
  });

  it("carry what is held", () => {
    expect(keySequence("pgdn", { ...plain, ctrl: true })).toBe("\x1b[6;5~");
    expect(keySequence("f2", { ...plain, alt: true })).toBe("\x1b[1;3Q");
    expect(keySequence("end", { ...plain, ctrl: true, alt: true })).toBe("\x1b[1;7F");
    expect(keySequence("home", { ...plain, applicationCursor: true })).toBe("\x1bOH");
    expect(keySequence("backslash", { ...plain, ctrl: true })).toBe("\x1c");
  });

  it("all send something", () => {
    expect(BAR_KEYS.every((key) => keySequence(key, plain) !== "")).toBe(true);
  });
});

describe("the bar", () => {
  beforeEach(() => localStorage.clear());

  it("has as many keys as fit, each wide enough for a finger", () => {
    for (const width of [320, 360, 390, 430, 600, 700, 844, 1024]) {
      const { columns, rows } = layoutFor(width);
      const side = rows === 1 ? 92 : 44;
      expect((width - 8 - side - columns * 4) / columns).toBeGreaterThanOrEqual(44);
    }
    expect(layoutFor(390)).toEqual({ columns: 6, rows: 2 });
  });

  it("has pages, around and around", () => {
    const pages = pagesOf(USUAL, 12);
    expect(pages.flat()).toEqual(USUAL);
    expect(pages[0]).toContain("shift-tab");
    expect([turned(0, -1, 4), turned(3, 1, 4), turned(1, 1, 4)]).toEqual([3, 0, 2]);
    expect(pagesOf([], 12)).toEqual([[]]);
  });

  it("is what its owner made of it", () => {
    expect(loadSlots()).toBe(USUAL);
    saveSlots(["up", "esc"]);
    expect(loadSlots()).toEqual(["up", "esc"]);
    expect(spare(["up", "esc"])).toHaveLength(SLOTS.length - 2);
    expect(moved(["up", "esc", "tab"], 2, -1)).toEqual(["up", "tab", "esc"]);
    expect(moved(["up", "esc"], 0, -1)).toEqual(["up", "esc"]);
    saveSlots(null);
    expect(loadSlots()).toBe(USUAL);
  });

  it("leaves out what it does not know, and is never empty", () => {
    localStorage.setItem("tether.keys", JSON.stringify(["tab", "warp", 7, "tab", "esc"]));
    expect(loadSlots()).toEqual(["tab", "esc"]);
    for (const odd of ["[]", "{", "null", '["warp"]']) {
      localStorage.setItem("tether.keys", odd);
      expect(loadSlots()).toBe(USUAL);
    }
  });
});
