import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { contrast } from "./contrast";

const css = readFileSync(new URL("../src/styles/app.css", import.meta.url), "utf8");
const both = [...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);/g)].map(([, name, light, dark]) => ({ name, light, dark }));
const high = css.slice(css.indexOf('[data-theme="contrast"]')).split("}", 1)[0] ?? "";

/** Each theme's colours by name, and how much its words must differ from what is behind them. */
const THEMES: [string, Record<string, string>, number][] = [
  ["light", Object.fromEntries(both.map((one) => [one.name, one.light])), 4.5],
  ["dark", Object.fromEntries(both.map((one) => [one.name, one.dark])), 4.5],
  ["high contrast", Object.fromEntries([...high.matchAll(/--([\w-]+): (#\w{6});/g)].map(([, name, colour]) => [name, colour])), 7],
];

describe.each(THEMES)("the page in %s", (_name, colours, least) => {
  // "pressed" is also behind a row that the pointer is over.
  it.each(["ground", "surface", "raised", "pressed"])("has words that read on %s", (behind) => {
    for (const word of ["ink", "quiet", "accent", "good", "warn", "bad"]) {
      expect(contrast(colours[word]!, colours[behind]!), word).toBeGreaterThanOrEqual(least);
    }
  });

  it("has words that read on its accent", () => {
    expect(contrast(colours["on-accent"]!, colours["accent"]!)).toBeGreaterThanOrEqual(least);
  });
});
