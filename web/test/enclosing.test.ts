import { describe, expect, it } from "vitest";

import { asTyped, piecesOf, shrunk } from "../src/session/enclosing";

describe("a picture on its way", () => {
  it("goes in pieces that a channel carries, and comes out whole", () => {
    const data = Uint8Array.from({ length: 100_000 }, (_, at) => (at * 7) % 256);
    const pieces = [...piecesOf(data)];
    expect(pieces.map((piece) => piece.offset)).toEqual([0, 40_960, 81_920]);
    expect(Math.max(...pieces.map((piece) => piece.text.length))).toBeLessThan(60 * 1024);
    expect(Buffer.concat(pieces.map((piece) => Buffer.from(piece.text, "base64"))).equals(Buffer.from(data))).toBe(true);
  });

  it("is no larger than it needs to be", () => {
    expect(shrunk(4000, 3000)).toEqual({ width: 2000, height: 1500 });
    expect(shrunk(390, 844)).toEqual({ width: 390, height: 844 });
    expect(shrunk(1, 90_000)).toEqual({ width: 1, height: 2000 });
  });

  it("is named so that a shell takes its path as one", () => {
    expect(asTyped("/home/ada/.local/state/tether/data/enclosures/0a/picture-1.png")).toBe("/home/ada/.local/state/tether/data/enclosures/0a/picture-1.png");
    expect(asTyped("/Users/ada/Library/Application Support/x.png")).toBe("'/Users/ada/Library/Application Support/x.png'");
    expect(asTyped("/it's")).toBe("'/it'\\''s'");
  });
});
