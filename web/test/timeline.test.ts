import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { Axis, clockOf, GAP_US, type Span } from "../src/timeline/axis";

const S = 1_000_000;
const spans: readonly Span[] = [[100 * S, 110 * S, 1, 9, 500], [3_710 * S, 3_715 * S, 10, 20, 5], [3_716 * S, 3_716 * S, 21, 21, 0]];

describe("the axis", () => {
  it("shortens long silences and leaves short ones", () => {
    expect(new Axis(spans, true).length).toBe(10 * S + GAP_US + 5 * S + S);
    expect(new Axis(spans, false).length).toBe(3_616 * S);
  });

  it("goes there and back", () => {
    for (const collapse of [true, false]) {
      const axis = new Axis(spans, collapse);
      for (const ts of [100, 105, 110, 3_710, 3_712, 3_715, 3_716]) expect(axis.ts(axis.at(ts * S))).toBe(ts * S);
      for (let at = 0, before = 0; at <= axis.length; at += axis.length / 50) {
        expect(axis.ts(at)).toBeGreaterThanOrEqual(before);
        before = axis.ts(at);
      }
    }
  });

  it("has an end on both sides", () => {
    const axis = new Axis(spans, true);
    expect([axis.at(0), axis.at(9_999 * S)]).toEqual([0, axis.length]);
    expect([axis.ts(-5), axis.ts(axis.length * 2)]).toEqual([100 * S, 3_716 * S]);
    expect(new Axis([], true).ts(5)).toBe(0);
  });

  it("tells where it was busy", () => {
    const bars = new Axis(spans, true).density(10);
    expect(bars).toHaveLength(10);
    expect(Math.max(...bars)).toBeLessThanOrEqual(1);
    expect(bars[0]).toBeGreaterThan(bars[9]!);
  });
});

describe("a recording", () => {
  it("has no way to a session's input: nothing that could type is imported", () => {
    const folder = new URL("../src/timeline/", import.meta.url);
    for (const name of readdirSync(folder)) {
      const source = readFileSync(new URL(name, folder), "utf8");
      expect(source, name).not.toMatch(/session\/(?:attachment|typing|typist|tabs)|net\/(?:connection|websocket|http|link)|onData|onBinary|compose|POST/);
    }
  });

  it("tells time", () => {
    expect([clockOf(0), clockOf(65 * S), clockOf(3_723 * S)]).toEqual(["00:00", "01:05", "1:02:03"]);
  });
});
