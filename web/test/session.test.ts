import { describe, expect, it } from "vitest";

import { asInput, History, leaves } from "../src/session/compose";
import { Cursor } from "../src/session/cursor";
import { endingOf, endingOfView, signalName } from "../src/session/ending";
import { browserName, fromHex, toHex } from "../src/session/identity";
import { Kept, visible } from "../src/session/kept";
import { byteCount, plainText } from "../src/session/plain";
import { Rendered } from "../src/session/rendered";
import { retryDelay } from "../src/session/retry";
import { Asked } from "../src/session/asked";
import { Lease } from "../src/session/lease";
import { Sizing } from "../src/session/sizing";
import { BACKLOG_BYTES_MAX, RESEND_MS, Typing } from "../src/session/typing";
import { LIMITS, type Event } from "../src/wire.gen";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);
const out = (seq: number, offset: number, data = "x"): Event => ({ tag: "out", seq, ts: 0, offset, data: bytes(data) });

describe("cursor", () => {
  it("takes events in order and drops what was shown", () => {
    const cursor = new Cursor();
    expect(cursor.take(out(1, 0, "abc"))).toBe("take");
    expect(cursor.take(out(1, 0, "abc"))).toBe("old");
    expect(cursor.take(out(2, 3, "de"))).toBe("take");
    expect([cursor.seq, cursor.offset]).toEqual([2, 5]);
  });

  it("tells a gap and stays before it", () => {
    const cursor = new Cursor();
    cursor.jump(10, 100);
    expect(cursor.take(out(12, 101))).toBe("gap");
    expect(cursor.seq).toBe(10);
    expect(cursor.take(out(11, 100))).toBe("take");
  });

  it("jumps with a cut that begins at or before what comes next", () => {
    const cursor = new Cursor();
    cursor.jump(10, 100);
    const cut: Event = { tag: "cut", seq: 50, ts: 0, from_seq: 5, from_offset: 40, to_offset: 900, reason: "" };
    expect(cursor.take(cut)).toBe("take");
    expect([cursor.seq, cursor.offset]).toEqual([50, 900]);
    expect(cursor.take({ ...cut, from_seq: 60, seq: 70 })).toBe("gap");
  });

  it("steps over events of a newer protocol, and only over those", () => {
    const cursor = new Cursor();
    cursor.jump(1, 0);
    cursor.passed({ tag: "unknown", name: "zap", seq: 2 });
    expect(cursor.take(out(3, 0))).toBe("take");
    cursor.passed({ tag: "unknown", name: "zap", seq: 4 });
    // It was no event but some answer whose second field looks like a number: the event itself still counts.
    expect(cursor.take(out(4, 1))).toBe("take");
    expect(cursor.take(out(6, 2))).toBe("gap");
  });
});

describe("typing", () => {
  const numbers = (typing: Typing, now: number) => typing.due(now).map((piece) => piece.n);

  it("numbers from 1, sends once, and forgets what is acknowledged", () => {
    const typing = new Typing();
    typing.push(bytes("a"));
    typing.push(bytes("b"));
    expect(numbers(typing, 0)).toEqual([1, 2]);
    expect(numbers(typing, 10)).toEqual([]);
    typing.ack(1, false);
    expect(typing.save(0).pending).toEqual([[2, bytes("b")]]);
    typing.ack(2, false);
    expect(typing.idle).toBe(true);
  });

  it("sends again from the first after a silence, each time more patiently", () => {
    const typing = new Typing();
    typing.push(bytes("a"));
    typing.due(0);
    expect(typing.nextAt()).toBe(RESEND_MS);
    expect(numbers(typing, RESEND_MS - 1)).toEqual([]);
    expect(numbers(typing, RESEND_MS)).toEqual([1]);
    expect(typing.nextAt()).toBe(RESEND_MS * 3);
    typing.ack(1, false);
    expect(typing.nextAt()).toBeNull();
  });

  it("sends again what the worker dropped", () => {
    const typing = new Typing();
    for (const key of "abc") typing.push(bytes(key));
    typing.due(0);
    typing.ack(1, true);
    expect(numbers(typing, 1)).toEqual([2, 3]);
  });

  it("splits at 64 KiB and keeps a window of 256 KiB in flight", () => {
    const typing = new Typing();
    expect(typing.push(new Uint8Array(1_000_000))).toBe(true);
    const first = typing.due(0);
    expect(first.every((piece) => piece.data.length <= LIMITS.INPUT_BYTES_MAX)).toBe(true);
    expect(first.reduce((sum, piece) => sum + piece.data.length, 0)).toBe(LIMITS.INPUT_WINDOW_BYTES);
    typing.ack(1, false);
    expect(numbers(typing, 1)).toEqual([5]);
    let sent = 5 * LIMITS.INPUT_BYTES_MAX;
    for (let n = 2; !typing.idle; n++) {
      typing.ack(n, false);
      sent += typing.due(n).reduce((sum, piece) => sum + piece.data.length, 0);
    }
    expect(sent).toBe(1_000_000);
  });

  it("refuses a runaway as a whole", () => {
    const typing = new Typing();
    expect(typing.push(new Uint8Array(BACKLOG_BYTES_MAX + 1))).toBe(false);
    expect(typing.idle).toBe(true);
  });

  it("continues after a reload where both sides are sure", () => {
    const before = new Typing();
    for (const key of "abc") before.push(bytes(key));
    before.due(0);
    const after = new Typing(before.save(7));
    after.adopt(2);
    expect(after.due(0).map((piece) => [piece.n, text(piece.data)])).toEqual([[3, "c"]]);
    after.push(bytes("d"));
    expect(numbers(after, 1)).toEqual([4]);
  });

  it("never uses a number twice when the gateway knows more than the page", () => {
    const typing = new Typing();
    typing.adopt(41);
    typing.push(bytes("a"));
    expect(numbers(typing, 0)).toEqual([42]);
  });

  it("does not believe a gateway that has only just started and knows nothing", () => {
    const typing = new Typing({ at: 0, next: 10, pending: [[9, bytes("i")]] });
    typing.adopt(0);
    expect(numbers(typing, 0)).toEqual([9]);
  });

  it("takes the numbers of a worker that has forgotten this client", () => {
    const typing = new Typing({ at: 0, next: 10, pending: [[9, bytes("i")]] });
    typing.due(0);
    typing.ack(0, true);
    expect(typing.due(1).map((piece) => [piece.n, text(piece.data)])).toEqual([[1, "i"]]);
  });

  it("takes back what was not acknowledged, and fills its numbers with nothing", () => {
    const typing = new Typing();
    for (const key of "ab") typing.push(bytes(key));
    typing.due(0);
    typing.push(bytes("c"));
    expect(typing.withdraw().map(([n, data]) => [n, text(data)])).toEqual([[1, "a"], [2, "b"], [0, "c"]]);
    expect(typing.due(1).map((piece) => [piece.n, piece.data.length])).toEqual([[1, 0], [2, 0]]);
    typing.push(bytes("d"));
    expect(typing.due(2).map((piece) => [piece.n, text(piece.data)])).toEqual([[3, "d"]]);
    expect(typing.withdraw().map(([n]) => n)).toEqual([3]);
  });
});

describe("kept", () => {
  it("gives back what was typed, in order, once", () => {
    const kept = new Kept();
    kept.add(bytes("ls "), 4);
    kept.add(bytes("-l"));
    expect(kept.bytes).toBe(5);
    expect(text(kept.take())).toBe("ls -l");
    expect(kept.bytes).toBe(0);
  });

  it("lets go what was taken after all", () => {
    const kept = new Kept();
    kept.add(bytes("a"), 4);
    kept.add(bytes("b"), 5);
    kept.add(bytes("c"));
    expect(kept.acked(3)).toBe(false);
    expect(kept.acked(4)).toBe(true);
    expect(text(kept.take())).toBe("bc");
  });

  it("is bounded", () => {
    const kept = new Kept();
    expect(kept.add(new Uint8Array(1 << 20))).toBe(true);
    expect(kept.add(bytes("x"))).toBe(false);
  });

  it("shows control characters and cuts long text", () => {
    expect(visible("a\x1b[A\r\x03\x7f你", 20)).toBe("a␛[A⏎␃␡你");
    expect(visible("abcdef", 4)).toBe("abc…");
  });
});

describe("sizing", () => {
  const desk = { cols: 158, rows: 50 };
  const phone = { cols: 48, rows: 30 };

  it("asks for nothing when the page is laid out", () => {
    const sizing = new Sizing();
    sizing.resized(desk);
    expect(sizing.viewport(phone, true)).toBeNull();
    expect(sizing.fits).toBe(false);
  });

  it("asks with the first key, once, and follows the window from then on", () => {
    const sizing = new Sizing();
    sizing.resized(desk);
    sizing.viewport(phone, true);
    expect(sizing.claim(true)).toEqual(phone);
    expect(sizing.claim(true)).toBeNull();
    sizing.resized(phone);
    expect(sizing.fits).toBe(true);
    expect(sizing.claim(true)).toBeNull();
    expect(sizing.viewport({ cols: 48, rows: 14 }, true)).toEqual({ cols: 48, rows: 14 });
  });

  it("never asks as an observer", () => {
    const sizing = new Sizing();
    sizing.resized(desk);
    sizing.viewport(phone, false);
    expect(sizing.claim(false)).toBeNull();
    expect(sizing.owner).toBe(false);
  });

  it("lets go when somebody else decides, and with control", () => {
    const sizing = new Sizing();
    sizing.viewport(phone, true);
    sizing.claim(true);
    sizing.resized(phone);
    sizing.resized(desk);
    expect(sizing.owner).toBe(false);
    sizing.claim(true);
    sizing.released();
    expect(sizing.viewport({ cols: 48, rows: 14 }, true)).toBeNull();
  });

  it("keeps the size while answers to older wishes arrive", () => {
    const sizing = new Sizing();
    sizing.viewport(phone, true);
    sizing.claim(true);
    expect(sizing.viewport({ cols: 48, rows: 14 }, true)).not.toBeNull();
    sizing.resized(phone);
    expect(sizing.owner).toBe(true);
    sizing.resized({ cols: 48, rows: 14 });
    expect([sizing.owner, sizing.fits]).toEqual([true, true]);
  });
});

describe("a size that is only lent", () => {
  const desk = { cols: 158, rows: 50 };
  const phone = { cols: 48, rows: 30 };

  it("goes back to what it was when nobody looks any more", () => {
    const sizing = new Sizing();
    sizing.resized(desk);
    sizing.viewport(phone, true);
    expect(sizing.giveBack(true)).toBeNull();
    expect(sizing.claim(true)).toEqual(phone);
    sizing.resized(phone);
    sizing.claim(true);
    expect(sizing.giveBack(true)).toEqual(desk);
    expect(sizing.giveBack(true)).toBeNull();
    sizing.resized(desk);
    // Only who types again claims it again.
    expect(sizing.viewport(phone, true)).toBeNull();
    expect(sizing.claim(true)).toEqual(phone);
  });

  it("is nobody's to give back who does not own it", () => {
    const sizing = new Sizing();
    sizing.resized(desk);
    sizing.viewport(phone, true);
    sizing.claim(true);
    sizing.resized(phone);
    expect(sizing.giveBack(false)).toBeNull();
    sizing.resized({ cols: 100, rows: 40 });
    expect(sizing.giveBack(true)).toBeNull();
  });

  it("stays when it is locked, until somebody presses Fit", () => {
    const sizing = new Sizing();
    sizing.resized(desk);
    sizing.viewport(phone, true);
    sizing.claim(true);
    sizing.resized(phone);
    sizing.hold(true);
    expect(sizing.viewport({ cols: 48, rows: 12 }, true)).toBeNull();
    expect(sizing.claim(true)).toEqual({ cols: 48, rows: 12 });
  });
});

describe("the lease", () => {
  it("goes to whoever takes it, and the one who had it is told", () => {
    const lease = new Lease("control");
    expect(lease.attached("control", 3, "me", false)).toMatchObject({ rewind: true, withdraw: false, tell: null });
    expect(lease.told("observe", 4, "Ada")).toEqual({ rewind: true, withdraw: true, released: true, regained: false, tell: "displaced" });
    expect(lease.wanted).toBe("observe");
    expect(lease.told("control", 5, "me")).toMatchObject({ regained: true, tell: "regained" });
    expect(lease.told("observe", 6, "")).toMatchObject({ tell: "released" });
  });

  it("that was taken or given up on purpose is no news", () => {
    const lease = new Lease("control");
    lease.attached("observe", 1, "Ada", true);
    lease.take();
    expect(lease.told("control", 2, "me")).toMatchObject({ regained: false, tell: null });
    lease.release();
    expect(lease.told("observe", 3, "")).toMatchObject({ withdraw: true, tell: null });
  });

  it("that the gateway does not know yet is waited for", () => {
    const lease = new Lease("control");
    lease.attached("control", 3, "me", false);
    expect(lease.attached("observe", 3, "", false)).toMatchObject({ withdraw: false, tell: null });
    expect(lease.wanted).toBe("control");
  });
});

describe("screens that are asked for", () => {
  it("are known by their number, once", () => {
    const asked = new Asked();
    expect(asked.came(0)).toBeNull();
    asked.ask("older", 7);
    expect(asked.free).toBe(false);
    expect(asked.came(6)).toBeNull();
    expect(asked.came(7)).toBe("older");
    expect(asked.came(7)).toBeNull();
    asked.ask("size", 8);
    asked.forget();
    expect([asked.free, asked.came(8)]).toEqual([true, null]);
  });
});

describe("rendered", () => {
  it("tells in steps, and what is left when it rests", async () => {
    const told: number[] = [];
    const rendered = new Rendered((_seq, offset) => told.push(offset));
    rendered.start(0, 0);
    const marks = [10_000, 40_000, 50_000].map((offset, at) => rendered.expect(at, offset));
    marks.forEach((mark) => mark());
    expect(told).toEqual([0, 40_000]);
    await expect.poll(() => told).toEqual([0, 40_000, 50_000]);
    rendered.stop();
  });

  it("says nothing while the line is down, and all of it when it is up again", () => {
    const told: number[] = [];
    const rendered = new Rendered((_seq, offset) => told.push(offset));
    rendered.start(0, 0);
    const mark = rendered.expect(1, 90_000);
    rendered.stop();
    mark();
    expect(told).toEqual([0]);
    rendered.start(1, 90_000);
    expect(told).toEqual([0, 90_000]);
    rendered.stop();
  });
});

describe("small things", () => {
  it("waits longer each time, at most ten seconds", () => {
    const delays = Array.from({ length: 12 }, (_, at) => retryDelay(at + 1, 0.999));
    expect(delays[0]).toBeLessThan(200);
    expect(delays).toEqual([...delays].sort((a, b) => a - b));
    expect(delays.at(-1)).toBeLessThanOrEqual(10_000);
  });

  it.each([
    [{ tag: "exited", code: 3, signal: null, stopped_by: "" }, { kind: "exited", code: 3 }],
    [{ tag: "exited", code: null, signal: null, stopped_by: "" }, { kind: "exited", code: null }],
    [{ tag: "exited", code: null, signal: 9, stopped_by: "" }, { kind: "killed", signal: 9 }],
    [{ tag: "exited", code: null, signal: 15, stopped_by: "laptop" }, { kind: "stopped", by: "laptop" }],
    [{ tag: "lost", cause: "gone" }, { kind: "lost", cause: "gone" }],
  ])("tells the ends apart: %o", (event, ending) => {
    expect(endingOf({ seq: 9, ts: 0, ...event } as Parameters<typeof endingOf>[0])).toEqual(ending);
  });

  it("tells the end from a record", () => {
    const view = { state: "running", detail: "", exit_code: null, exit_signal: null, stopped_by: "" };
    expect(endingOfView(view)).toBeNull();
    expect(endingOfView({ ...view, state: "exited", exit_code: 0 })).toEqual({ kind: "exited", code: 0 });
    expect(endingOfView({ ...view, state: "lost", detail: "why" })).toEqual({ kind: "lost", cause: "why" });
    expect([signalName(9), signalName(64)]).toEqual(["SIGKILL", "signal 64"]);
  });

  it("names browsers", () => {
    expect(browserName("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36")).toBe("Chrome on Linux");
    expect(browserName("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit Version/19.0 Mobile Safari/604.1")).toBe("Safari on iPhone");
    expect(browserName("Mozilla/5.0 (Linux; Android 16) AppleWebKit Chrome/156.0.0.0 Mobile Safari/537.36 EdgA/156")).toBe("Edge on Android");
    expect(browserName("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:150.0) Gecko/20100101 Firefox/150.0")).toBe("Firefox on macOS");
    expect(browserName("curl")).toBe("Browser");
  });

  it("writes ids in hex", () => {
    expect(toHex(fromHex("00ff10"))).toBe("00ff10");
  });
});

describe("plain text", () => {
  it("is one line that stays where it is", () => {
    expect(plainText("  a\x1b]0;x\x07\nb\u202egpj.exe  ")).toBe("a ]0;x b gpj.exe");
    expect(plainText("x".repeat(500)).length).toBe(120);
    expect(plainText("你好")).toBe("你好");
  });

  it("counts bytes for people", () => {
    expect([byteCount(1), byteCount(4_200), byteCount(3_400_000), byteCount(52_000_000)]).toEqual(["1 kB", "4 kB", "3.4 MB", "52 MB"]);
  });
});

describe("compose", () => {
  it("goes through what was sent, and back to what was being written", () => {
    const history = new History(["first", "second"]);
    expect([history.step(-1, "draft"), history.step(-1, ""), history.step(-1, "")]).toEqual(["second", "first", "first"]);
    expect([history.step(1, ""), history.step(1, ""), history.step(1, "draft")]).toEqual(["second", "draft", "draft"]);
    history.add("first");
    expect(history.sent).toEqual(["second", "first"]);
    history.add("  ");
    expect(history.sent).toEqual(["second", "first"]);
  });

  it("is one paste and an Enter of its own where the program knows pastes", () => {
    expect(asInput("a\nb", true)).toEqual({ text: "\x1b[200~a\rb\x1b[201~", enter: "\r" });
    expect(asInput("a\nb", false)).toEqual({ text: "a\rb", enter: "\r" });
    expect(asInput("a\x1b[201~b", true).text).toBe("\x1b[200~a[201~b\x1b[201~");
    expect(asInput("", true)).toEqual({ text: "", enter: "\r" });
  });

  it("leaves the text with an arrow at its first and last line only", () => {
    expect([leaves("a\nb", 1, -1), leaves("a\nb", 3, -1), leaves("a\nb", 1, 1), leaves("a\nb", 3, 1)]).toEqual([true, false, false, true]);
  });
});
