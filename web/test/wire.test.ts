import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

import { decode, encode, NO_SESSION, WireError } from "../src/wire";
import type { FromBrowser } from "../src/wire.gen";

const golden = fileURLToPath(new URL("../../tests/data/wire/v1", import.meta.url));
const client = new Uint8Array(16).map((_, i) => i + 1);
const sid = new Uint8Array(16).fill(7);

interface Twin {
  readonly tag: string;
  readonly sid: string;
  readonly fields: Record<string, unknown>;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** A decoded message as the golden files' twins write it: without tags, bytes in hex. */
function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return { hex: hex(value) };
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => key !== "tag")
        .map(([key, inner]) => [key, readable(inner)]),
    );
  }
  return value;
}

describe.runIf(existsSync(golden))("golden files", () => {
  const stems = existsSync(golden) ? readdirSync(golden).filter((name) => name.endsWith(".bin")) : [];

  it.each(stems)("%s decodes to its twin", (name) => {
    const frame = new Uint8Array(readFileSync(`${golden}/${name}`));
    const twin = JSON.parse(readFileSync(`${golden}/${name.replace(".bin", ".json")}`, "utf8")) as Twin;
    const { sid: about, message } = decode(frame);
    expect(hex(about)).toBe(twin.sid);
    expect(message.tag).toBe(twin.tag);
    expect(readable(message)).toEqual(twin.fields);
    expect(hex(encode(about, message as FromBrowser))).toBe(hex(frame));
  });
});

describe("codec", () => {
  const ping = encode(sid, { tag: "ping", req: 5 });

  it("brings back what was sent", () => {
    const input: FromBrowser = { tag: "input", client, epoch: 3, n: 2 ** 40, data: Uint8Array.of(0, 255, 10) };
    expect(decode(encode(sid, input))).toEqual({ sid, message: input });
  });

  it("gives fields that are missing at the end their default", () => {
    const body = Uint8Array.of(0x95, 0xa8, ...Buffer.from("snapshot"), 1, 2, 80, 24);
    body[0] = 0x96;
    const frame = Uint8Array.of(...sid, ...body, 0xc4, 1, 65);
    expect(decode(frame).message).toEqual({
      tag: "snapshot", seq: 1, offset: 2, cols: 80, rows: 24, data: Uint8Array.of(65), kind: "tail", skipped: 0,
      req: 0, client: new Uint8Array(0), history: 0,
    });
  });

  it("skips fields that it does not know", () => {
    const frame = Uint8Array.of(...sid, 0x93, 0xa4, ...Buffer.from("pong"), 9, 0xc3);
    expect(decode(frame).message).toEqual({ tag: "pong", req: 9 });
  });

  it("makes a tag of the future Unknown", () => {
    const frame = Uint8Array.of(...NO_SESSION, 0x92, 0xa3, ...Buffer.from("zap"), 41);
    expect(decode(frame).message).toEqual({ tag: "unknown", name: "zap", seq: 41 });
    const proto = Uint8Array.of(...NO_SESSION, 0x91, 0xab, ...Buffer.from("constructor"));
    expect(decode(proto).message).toMatchObject({ tag: "unknown" });
  });

  it.each([
    ["nothing", new Uint8Array(0)],
    ["a session id alone", sid],
    ["no array", Uint8Array.of(...sid, 1)],
    ["an array without a tag", Uint8Array.of(...sid, 0x91, 1)],
    ["a field of another type", Uint8Array.of(...sid, 0x92, 0xa4, ...Buffer.from("ping"), 0xa1, 65)],
    ["a field that is missing", Uint8Array.of(...sid, 0x91, 0xa4, ...Buffer.from("ping"))],
    ["bytes after the message", Uint8Array.of(...ping, 1)],
    ["a length that is a lie", Uint8Array.of(...sid, 0xdd, 0xff, 0xff, 0xff, 0xff)],
    ["a huge frame", new Uint8Array((1 << 20) + 1)],
  ])("refuses %s", (_name, frame) => {
    expect(() => decode(frame)).toThrow(WireError);
  });

  it("refuses a message cut anywhere", () => {
    for (let end = 0; end < ping.length; end++) expect(() => decode(ping.subarray(0, end))).toThrow(WireError);
  });
});
