import { describe, expect, it } from "vitest";

import { clipboardText, webAddress } from "../src/terminal/addresses";
import { Decoding } from "../src/terminal/decoding";
import { isReport, keySequence, withCtrl } from "../src/terminal/keys";
import { modified, NONE, tapped, used } from "../src/terminal/modifiers";
import { asksFirst, cleanPaste } from "../src/terminal/pasting";
import { CONTRAST, DARK, LIGHT } from "../src/terminal/themes";
import { PROVIDER, widthOf } from "../src/terminal/widths";
import { contrast } from "./contrast";

const plain = { applicationCursor: false, ctrl: false, alt: false };

describe("keys", () => {
  it.each([
    ["esc", "\x1b"],
    ["shift-tab", "\x1b[Z"],
    ["tab", "\t"],
    ["enter", "\r"],
    ["ctrl-c", "\x03"],
    ["slash", "/"],
    ["up", "\x1b[A"],
    ["left", "\x1b[D"],
  ] as const)("%s", (key, sequence) => {
    expect(keySequence(key, plain)).toBe(sequence);
  });

  it("follows the program's cursor key mode", () => {
    expect(keySequence("up", { ...plain, applicationCursor: true })).toBe("\x1bOA");
    expect(keySequence("right", { applicationCursor: true, ctrl: true, alt: false })).toBe("\x1b[1;5C");
    expect(keySequence("up", { applicationCursor: true, ctrl: false, alt: true })).toBe("\x1b[1;3A");
    expect(keySequence("enter", { ...plain, alt: true })).toBe("\x1b\r");
    expect(keySequence("shift-tab", { ...plain, alt: true })).toBe("\x1b[Z");
  });

  it.each([
    ["c", "\x03"],
    ["C", "\x03"],
    ["[", "\x1b"],
    ["\\", "\x1c"],
    [" ", "\x00"],
    ["?", "\x7f"],
    ["/", "\x1f"],
    ["é", "é"],
    ["你好", "你好"],
    ["\r", "\r"],
  ])("ctrl and %j", (typed, sent) => {
    expect(withCtrl(typed)).toBe(sent);
  });

  it("holds a modifier for one key, locks it, and lets it go", () => {
    const once = tapped(NONE, "ctrl");
    expect(modified("c", once)).toBe("\x03");
    expect(used(once)).toEqual(NONE);
    const locked = tapped(once, "ctrl");
    expect(used(locked)).toEqual(locked);
    expect(tapped(locked, "ctrl")).toEqual(NONE);
    expect(modified("b", tapped(NONE, "alt"))).toBe("\x1bb");
    expect(modified("c", tapped(locked, "alt"))).toBe("\x1b\x03");
    expect(modified("你好", tapped(NONE, "alt"))).toBe("你好");
  });

  it("tells reports from typing", () => {
    for (const report of ["\x1b[I", "\x1b[O", "\x1b[<0;10;5M", "\x1b[<64;1;1M\x1b[<64;1;1M", "\x1b[M !!"]) {
      expect(isReport(report)).toBe(true);
    }
    for (const typed of ["I", "\x1b[A", "\x1bOA", "\x1b[1;2R", "[<0;1;1M", "\x1b[Z"]) expect(isReport(typed)).toBe(false);
  });
});

describe.each([["dark", DARK, 4.5], ["light", LIGHT, 4.5], ["high contrast", CONTRAST, 7]] as const)("%s theme", (_name, theme, least) => {
  const slots = ["foreground", "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white", "brightBlack", "brightRed", "brightGreen", "brightYellow", "brightBlue", "brightMagenta", "brightCyan", "brightWhite"] as const; // prettier-ignore

  it.each(slots)("%s reads on the background", (slot) => {
    const wanted = slot === "brightBlack" && least < 7 ? 3 : least;
    expect(contrast(theme[slot] ?? "", theme.background ?? "")).toBeGreaterThanOrEqual(wanted);
  });
});

describe("pasting", () => {
  it.each([
    ["a\x1b[201~\nrm x\n", "a[201~\nrm x\n"],
    ["\x9b201~x", "201~x"],
    ["one\r\ntwo\rthree", "one\ntwo\nthree"],
    ["tab\there\x00\x07\x7f", "tab\there"],
    ["你好 é", "你好 é"],
  ])("%j", (text, clean) => {
    expect(cleanPaste(text)).toBe(clean);
  });

  it("asks where every line would run", () => {
    expect([asksFirst("a\nb", false), asksFirst("ls\n", false), asksFirst("a\nb", true), asksFirst("a", false)]).toEqual([true, true, false, false]);
  });
});

describe("addresses", () => {
  it.each([
    ["https://example.org/a?b#c", "https://example.org/a?b#c"],
    ["http://еxample.org/", "http://xn--xample-2of.org/"],
    ["javascript:alert(1)", null],
    ["data:text/html,x", null],
    ["file:///etc/passwd", null],
    ["nonsense", null],
    [`https://example.org/${"x".repeat(1_000_000)}`, null],
  ])("%.40s", (text, address) => {
    expect(webAddress(text)).toBe(address);
  });
});

describe("a program's clipboard", () => {
  const encode = (text: string) => Buffer.from(text).toString("base64");
  it("is text, never a question, and small", () => {
    expect(clipboardText(`c;${encode("héllo")}`)).toBe("héllo");
    expect(clipboardText("c;?")).toBeNull();
    expect(clipboardText("?")).toBeNull();
    expect(clipboardText("c;***")).toBeNull();
    expect(clipboardText("c;")).toBeNull();
    expect(clipboardText(`c;${Buffer.from([0xff]).toString("base64")}`)).toBeNull();
    expect(clipboardText(`c;${encode("x".repeat(20_000))}`)).toBeNull();
  });
});

describe("output", () => {
  const words = "an ellipsis… — “quoted” \u{1f600} é 中文\x1b[31m●\x1b[m ✓";

  it("is whole characters wherever it is cut", () => {
    const data = new TextEncoder().encode(words);
    for (let cut = 0; cut <= data.length; cut++) {
      const decoding = new Decoding();
      expect(decoding.text(data.subarray(0, cut)) + decoding.text(data.subarray(cut))).toBe(words);
    }
  });

  it("that is no UTF-8 shows where it stood, and a mark at its beginning stays", () => {
    const decoding = new Decoding();
    expect(decoding.text(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0xff, 0xe9, 0x20))).toBe("\ufeffa\ufffd\ufffd ");
    expect(decoding.text(Uint8Array.of(0xe2, 0x80))).toBe("");
    decoding.forget();
    expect(decoding.text(Uint8Array.of(0x78))).toBe("x");
  });
});

describe("widths", () => {
  it.each([
    ["a", 1], ["é", 1], ["中", 2], ["\u{1f600}", 2], ["\u{1fa84}", 2], ["\u{1fae0}", 2], ["─", 1], ["…", 1], ["\u0301", 0], ["\u200d", 0], ["\ufe0f", 0],
    ["\u{1f1e9}", 1], ["\u4dc0", 2], ["\t", 0], ["\u0085", 0], ["\u{2a6d6}", 2], ["\u{e0041}", 0], ["\u{10ffff}", 1],
  ] as const)("of %j", (letter, width) => {
    expect(widthOf(letter.codePointAt(0)!)).toBe(width);
  });

  it("of a mark is that of what it joins", () => {
    const wide = PROVIDER.charProperties(0x4e2d, 0);
    const joined = PROVIDER.charProperties(0x301, wide);
    expect([wide >> 1, wide & 1, joined >> 1, joined & 1]).toEqual([2, 0, 2, 1]);
    expect(PROVIDER.charProperties(0x301, 0) & 1).toBe(0);
  });
});
