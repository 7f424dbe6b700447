// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Attachment } from "../src/session/attachment";
import type { Display, Mode } from "../src/session/display";
import { decode, encode, type FromGateway, type Message } from "../src/wire";
import type { FromBrowser, SessionView } from "../src/wire.gen";

const sid = new Uint8Array(16).fill(7);
const client = new Uint8Array(16).fill(1);
const other = new Uint8Array(16).fill(2);
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

const view: SessionView = {
  tag: "session", sid, id: "k3v9x0pq", provider: "shell", title: "a title", state: "running", cwd: "", machine: "", owner: "",
  detail: "", created: 0, started: 0, ended: 0, since: 0, worker_pid: 0, agent_pid: 0, cols: 80, rows: 24, seq: 0, offset: 0,
  first_seq: 1, cut_bytes: 0, log_bytes: 0, exit_code: null, exit_signal: null, stopped_by: "", epoch: 0, controller: "",
  controller_id: new Uint8Array(0), clients: 1, args: [], share: false, transport: "pty", screen: true, activity: null, approvals: [], conversation: "", parent: "", cost_usd: "", sized_by: "",
}; // prettier-ignore

class FakeSocket {
  static opened: FakeSocket[] = [];
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  binaryType = "";
  readyState = FakeSocket.CONNECTING;
  said: Message[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: ArrayBuffer }) => void) | null = null;
  onclose: ((close: { code: number; reason: string }) => void) | null = null;
  constructor() {
    FakeSocket.opened.push(this);
  }
  send(frame: Uint8Array) {
    this.said.push(decode(frame).message);
  }
  close() {
    this.readyState = 3;
  }
  /** The gateway says something. */
  say(...messages: FromGateway[]) {
    if (this.readyState === FakeSocket.CONNECTING) {
      this.readyState = FakeSocket.OPEN;
      this.onopen?.();
    }
    for (const message of messages) this.onmessage?.({ data: encode(sid, message).buffer });
  }
  drop() {
    this.readyState = 3;
    this.onclose?.({ code: 1006, reason: "" });
  }
  /** What the page said with this tag. */
  heard<T extends FromBrowser["tag"]>(tag: T): Extract<FromBrowser, { tag: T }>[] {
    return this.said.filter((message) => message.tag === tag) as Extract<FromBrowser, { tag: T }>[];
  }
  typed(): string {
    return this.heard("input").map((input) => text(input.data)).join("");
  }
}

class FakeDisplay implements Display {
  log: string[] = [];
  replayed = "";
  reset = (size: { cols: number; rows: number }) => void this.log.push(`reset ${size.cols}x${size.rows}`);
  resize = (size: { cols: number; rows: number }) => void this.log.push(`resize ${size.cols}x${size.rows}`);
  rest = () => void this.log.push("rest");
  scrolledUp = false;
  above = 0;
  aboveMax = 50_000;
  bracketed = false;
  same = true;
  compare(_data: Uint8Array, _size: unknown, then: (same: boolean) => void) {
    this.log.push("compare");
    then(this.same);
  }
  write(data: Uint8Array, replay: boolean, shown: () => void) {
    this.log.push(text(data));
    if (replay) this.replayed += text(data);
    shown();
  }
}

const attached = (mode: Mode, more: { epoch?: number; seq?: number; last_n?: number; by?: Uint8Array; name?: string } = {}): FromGateway => ({
  tag: "attached", req: 1, mode, epoch: more.epoch ?? 1, reason: "", last_n: more.last_n ?? 0, lane: new Uint8Array(0),
  view: { ...view, seq: more.seq ?? 0, controller: more.name ?? "", controller_id: more.by ?? new Uint8Array(0) },
}); // prettier-ignore
const snapshot = (seq: number, offset: number, data = "", req = 0): FromGateway => ({
  tag: "snapshot", seq, offset, cols: 100, rows: 30, data: bytes(data), kind: "screen", skipped: 0, req, client, history: 0,
}); // prettier-ignore
const out = (seq: number, offset: number, data: string): FromGateway => ({ tag: "out", seq, ts: 0, offset, data: bytes(data) });
const control = (mode: Mode, epoch: number, holder: string): FromGateway => ({ tag: "control", client, mode, epoch, holder, reason: "", lane: new Uint8Array(0) });
const ack = (n: number, resend = false): FromGateway => ({ tag: "input-ack", client, n, resend });

describe("attachment", () => {
  let attachment: Attachment;
  let display: FakeDisplay;
  const socket = () => FakeSocket.opened.at(-1)!;

  beforeEach(async () => {
    vi.useFakeTimers();
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    sessionStorage.clear();
    FakeSocket.opened = [];
    vi.stubGlobal("WebSocket", FakeSocket);
    vi.stubGlobal("fetch", vi.fn(async () => Response.json({ session: { ...view, sid: "07".repeat(16), controller_id: "" } })));
    await begin();
  });
  afterEach(() => {
    attachment.close();
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it("goes on behind what an agent told", async () => {
    socket().say(attached("control", { seq: 1 }), snapshot(1, 0));
    const told: FromGateway = { tag: "active", seq: 2, ts: 0, activity: { state: "waiting", detail: "terminal", since: 0, source: "process", why: "", degraded: "", said: "" } };
    socket().say(told, out(3, 0, "after"));
    expect(display.log.at(-1)).toBe("after");
    expect(attachment.seq.value).toBe(3);
    expect(FakeSocket.opened).toHaveLength(1);
  });

  async function begin(mode: Mode = "control"): Promise<void> {
    attachment = new Attachment("k3v9x0pq", client, "Chrome on Linux", { mode, transport: null });
    attachment.shape.viewport({ cols: 100, rows: 30 });
    display = new FakeDisplay();
    attachment.start(display);
    await vi.advanceTimersByTimeAsync(0);
  }
  async function again(): Promise<void> {
    const before = FakeSocket.opened.length;
    await vi.advanceTimersByTimeAsync(300);
    expect(FakeSocket.opened.length).toBe(before + 1);
  }
  const type = (typed: string) => attachment.type(bytes(typed), "typed");

  it("introduces itself, shows the snapshot and what follows", () => {
    socket().say(attached("control", { seq: 5 }), snapshot(4, 10, "tail"), out(5, 10, "old"), out(6, 13, "new"));
    expect(socket().heard("attach")[0]).toMatchObject({ client, name: "Chrome on Linux", kind: "web", mode: "control", cols: 100, rows: 30, after: 0 });
    expect(display.log).toEqual(["reset 100x30", "tail", "old", "new"]);
    expect(display.replayed).toBe("tailold");
    expect(attachment.seq.value).toBe(6);
    expect(attachment.title.value).toBe("a title");
  });

  it("tells how far it has drawn", async () => {
    socket().say(attached("control"), snapshot(1, 0), out(2, 0, "x".repeat(32_000)), out(3, 32_000, "y".repeat(2_000)));
    await vi.advanceTimersByTimeAsync(100);
    expect(socket().heard("credit").map((credit) => credit.offset)).toEqual([0, 34_000]);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(socket().heard("seen").at(-1)).toMatchObject({ seq: 3, offset: 34_000 });
  });

  it("is shown the newest screen when it falls behind, and tells once how much was skipped", async () => {
    socket().say(attached("control"), snapshot(1, 100), out(2, 100, "x"));
    expect(socket().heard("credit")[0]).toMatchObject({ skip: 512 * 1024 });
    socket().say(snapshot(900, 3_000_101, "a"), snapshot(1_800, 5_000_101, "b"), out(1_801, 5_000_101, "c"));
    expect(display.log.slice(-3)).toEqual(["reset 100x30", "b", "c"]);
    expect(attachment.notice.value).toBeNull();
    await vi.advanceTimersByTimeAsync(1_500);
    expect(attachment.notice.value).toMatchObject({ kind: "skipped", text: "5.0 MB" });
  });

  it("does not tear away who reads back", async () => {
    display.scrolledUp = true;
    socket().say(attached("observe"), snapshot(1, 100), out(2, 100, "x"));
    expect(socket().heard("credit").at(-1)).toMatchObject({ skip: 0 });
  });

  it("fetches what scrolled off once, when somebody scrolls up to it", () => {
    socket().say(attached("observe"), snapshot(1, 100), out(2, 100, "x"));
    attachment.older();
    attachment.older();
    const [question, more] = socket().heard("snapshot?");
    expect([question?.history, more]).toEqual([2_000, undefined]);
    socket().say(snapshot(2, 101, "all of it", question!.req), out(3, 101, "y"));
    expect(display.log.slice(-3)).toEqual(["reset 100x30", "all of it", "y"]);
    attachment.older();
    expect(socket().heard("snapshot?").length).toBe(1);
  });

  const deep = (seq: number, history: number, data: string) => Response.json({ seq, cols: 100, rows: 30, history, data: btoa(data) });
  function log(...answers: (Response | Promise<Response>)[]) {
    const asked: string[] = [];
    vi.stubGlobal("fetch", vi.fn(async (path: string) => (asked.push(path), answers.shift() ?? new Response("", { status: 503 }))));
    return asked;
  }
  function atTheOldest() {
    socket().say(attached("observe"), snapshot(1, 100), out(2, 100, "x"));
    attachment.older();
    socket().say(snapshot(2, 101, "what the worker has", socket().heard("snapshot?")[0]!.req));
  }

  it("fetches what the worker no longer has from the log, in front of what comes meanwhile", async () => {
    atTheOldest();
    let answer: (response: Response) => void = () => undefined;
    const asked = log(new Promise<Response>((done) => { answer = done; }), deep(3, 30_000, "everything"));
    attachment.older();
    attachment.older();
    socket().say(out(3, 101, "meanwhile"));
    expect(display.log.at(-1)).toBe("what the worker has");
    answer(deep(2, 10_000, "much of it"));
    await vi.advanceTimersByTimeAsync(0);
    expect(display.log.slice(-3)).toEqual(["reset 100x30", "much of it", "meanwhile"]);
    expect(display.replayed).toContain("much of it");
    attachment.older();
    await vi.advanceTimersByTimeAsync(0);
    attachment.older();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toEqual([2, 3].map((seq) => `/api/v1/sessions/k3v9x0pq/timeline/screen?seq=${seq}&history=${seq === 2 ? 10_000 : 50_000}`));
    expect(display.log.slice(-2)).toEqual(["reset 100x30", "everything"]);
  });

  it("waits for the log to have what is shown, and goes on without it when it has not", async () => {
    atTheOldest();
    const asked = log(deep(1, 10_000, "too early"), deep(2, 10_000, "in time"));
    attachment.older();
    await vi.advanceTimersByTimeAsync(200);
    expect([asked.length, display.log.at(-1)]).toEqual([2, "in time"]);
    attachment.older();
    socket().say(out(3, 101, "meanwhile"));
    await vi.advanceTimersByTimeAsync(0);
    expect(display.log.at(-1)).toBe("meanwhile");
  });

  it("leaves the terminal alone when there is nothing older", async () => {
    atTheOldest();
    display.above = 1_500;
    const asked = log(deep(2, 1_500, "the same"));
    for (let times = 0; times < 3; times++) {
      attachment.older();
      await vi.advanceTimersByTimeAsync(0);
    }
    expect([asked.length, display.log.at(-1)]).toEqual([1, "what the worker has"]);
  });

  it("takes a screen that comes meanwhile instead, behind what it had held", async () => {
    atTheOldest();
    let answer: (response: Response) => void = () => undefined;
    log(new Promise<Response>((done) => { answer = done; }));
    attachment.older();
    socket().say(out(3, 101, "meanwhile"), snapshot(9, 5_000, "the newest"));
    answer(deep(2, 10_000, "too late"));
    await vi.advanceTimersByTimeAsync(0);
    expect(display.log.slice(-3)).toEqual(["meanwhile", "reset 100x30", "the newest"]);
  });

  it("compares its screen with the gateway's after a change of size, and takes that one when they differ", async () => {
    socket().say(attached("observe"), snapshot(1, 100), { tag: "resized", seq: 2, ts: 0, cols: 100, rows: 30, by: "x" });
    await vi.advanceTimersByTimeAsync(500);
    const [first] = socket().heard("snapshot?");
    socket().say(snapshot(2, 100, "screen", first!.req));
    expect(display.log.slice(-1)).toEqual(["compare"]);
    expect(socket().heard("snapshot?").length).toBe(1);
    socket().say({ tag: "resized", seq: 3, ts: 0, cols: 100, rows: 30, by: "x" });
    display.same = false;
    await vi.advanceTimersByTimeAsync(500);
    socket().say(snapshot(3, 100, "screen", socket().heard("snapshot?")[1]!.req));
    const heal = socket().heard("snapshot?")[2]!;
    socket().say(snapshot(3, 100, "healed", heal.req));
    expect(display.log.slice(-2)).toEqual(["reset 100x30", "healed"]);
  });

  it("has control and its size back when whoever took them leaves", () => {
    socket().say(attached("control"), snapshot(1, 0));
    attachment.shape.fit();
    socket().say({ tag: "resized", seq: 2, ts: 0, cols: 100, rows: 30, by: "x" });
    socket().say(control("observe", 2, "phone"), { tag: "resized", seq: 3, ts: 0, cols: 40, rows: 20, by: "phone" });
    const before = socket().heard("resize").length;
    socket().say(control("control", 3, "Chrome on Linux"));
    expect(attachment.mode.value).toBe("control");
    expect(attachment.notice.value).toMatchObject({ kind: "regained" });
    expect(socket().heard("resize").slice(before)).toMatchObject([{ epoch: 3, cols: 100, rows: 30 }]);
  });

  it("takes control without taking the size", () => {
    socket().say(attached("observe", { by: other, name: "phone" }), snapshot(1, 0));
    attachment.takeControl();
    socket().say(control("control", 2, "Chrome on Linux"));
    expect([attachment.mode.value, attachment.notice.value, socket().heard("resize")]).toEqual(["control", null, []]);
  });

  it("drops what it has and goes back for what it lacks", async () => {
    socket().say(attached("control"), snapshot(4, 10), out(4, 9, "x"), out(6, 11, "z"));
    expect(display.log).toEqual(["reset 100x30", ""]);
    await again();
    socket().say(attached("control"));
    expect(socket().heard("attach")[0]).toMatchObject({ after: 4 });
    socket().say(out(5, 10, "y"), out(6, 11, "z"));
    expect(display.log.slice(2)).toEqual(["y", "z"]);
  });

  it("survives garbage by opening another line", async () => {
    socket().say(attached("control"), snapshot(4, 10));
    socket().onmessage?.({ data: new ArrayBuffer(40) });
    await again();
    expect(attachment.ending.value).toBeNull();
  });

  it("sends again after a lost line, exactly what was not taken", async () => {
    socket().say(attached("control"), snapshot(1, 0));
    for (const key of "abc") type(key);
    socket().say(ack(1));
    socket().drop();
    await again();
    socket().say(attached("control", { last_n: 2 }));
    expect(socket().heard("input").map((input) => [input.n, text(input.data)])).toEqual([[3, "c"]]);
  });

  it("continues after a reload", async () => {
    socket().say(attached("control"), snapshot(1, 0));
    for (const key of "ab") type(key);
    socket().say(ack(1));
    attachment.close();
    await begin();
    socket().say(attached("control", { last_n: 1 }), snapshot(1, 0));
    type("c");
    expect(socket().heard("input").map((input) => [input.n, text(input.data)])).toEqual([[2, "b"], [3, "c"]]);
  });

  it("does not type what lay too long", async () => {
    socket().say(attached("control"), snapshot(1, 0));
    type("y\r");
    socket().drop();
    vi.stubGlobal("fetch", vi.fn(async () => Promise.reject(new TypeError("refused"))));
    await vi.advanceTimersByTimeAsync(60_000);
    vi.stubGlobal("fetch", vi.fn(async () => Response.json({ session: { ...view, sid: "07".repeat(16) } })));
    // The pause between two tries is random: take the first socket that opens now.
    const tried = FakeSocket.opened.length;
    for (let waited = 0; waited < 30_000 && FakeSocket.opened.length === tried; waited += 100) await vi.advanceTimersByTimeAsync(100);
    expect(FakeSocket.opened.length).toBeGreaterThan(tried);
    socket().say(attached("control", { epoch: 3 }));
    expect(socket().typed()).toBe("");
    expect(attachment.typist.kept.value.preview).toBe("y⏎");
    attachment.sendKept();
    expect(socket().typed()).toBe("y\r");
  });

  it("keeps what an observer types, and sends it when told", () => {
    socket().say(attached("observe", { by: other, name: "laptop" }), snapshot(1, 0));
    type("ls\r");
    expect(attachment.typist.kept.value).toEqual({ bytes: 3, preview: "ls⏎" });
    expect(attachment.typist.refusals.value).toBe(1);
    attachment.type(bytes("\x1b[0n"), "reply");
    attachment.type(bytes("\x1b[I"), "pointer");
    attachment.sendKept();
    expect(socket().heard("input")).toEqual([]);
    attachment.takeControl();
    expect(socket().heard("take")).toHaveLength(1);
    socket().say(control("control", 2, "Chrome on Linux"));
    expect(socket().typed()).toBe("");
    attachment.sendKept();
    expect(socket().typed()).toBe("ls\r");
    expect(socket().heard("input")[0]?.epoch).toBe(2);
  });

  it("tells who took control, and keeps the keys that were on their way", () => {
    socket().say(attached("control"), snapshot(1, 0));
    type("a");
    type("b");
    socket().say(ack(1), control("observe", 2, "laptop"));
    expect(attachment.notice.value).toMatchObject({ kind: "displaced", text: "laptop" });
    expect(attachment.typist.kept.value.preview).toBe("b");
    // It had arrived after all.
    socket().say(ack(2));
    expect(attachment.typist.kept.value.bytes).toBe(0);
  });

  it("keeps numbers dense over a change of control", () => {
    socket().say(attached("control"), snapshot(1, 0));
    type("a");
    socket().say(control("observe", 2, "laptop"), control("control", 3, "Chrome on Linux"));
    type("b");
    const sent = socket().heard("input").filter((input) => input.epoch === 3);
    expect(sent.map((input) => [input.n, text(input.data)])).toEqual([[1, ""], [2, "b"]]);
  });

  it("does not ask for control again once it was displaced", async () => {
    socket().say(attached("control"), snapshot(1, 0), control("observe", 2, "laptop"));
    socket().drop();
    await again();
    socket().say(attached("observe", { epoch: 2, by: other, name: "laptop" }));
    expect(socket().heard("attach")[0]).toMatchObject({ mode: "observe" });
  });

  it("waits for a gateway that is not whole yet, without a word", () => {
    socket().say(attached("control"), snapshot(1, 0));
    type("a");
    socket().say(attached("observe", { by: client, name: "Chrome on Linux" }));
    expect(attachment.notice.value).toBeNull();
    expect(attachment.typist.kept.value.bytes).toBe(0);
    socket().say(attached("control", { epoch: 2 }));
    expect(socket().heard("input").at(-1)).toMatchObject({ n: 1, epoch: 2, data: bytes("a") });
  });

  it("resizes with the first key of a person, and not before", () => {
    socket().say(attached("control"), snapshot(1, 0), { tag: "resized", seq: 2, ts: 0, cols: 80, rows: 24, by: "laptop" });
    attachment.type(bytes("\x1b[0n"), "reply");
    attachment.shape.viewport({ cols: 90, rows: 28 });
    expect(socket().heard("resize")).toEqual([]);
    type("a");
    expect(socket().heard("resize")).toMatchObject([{ cols: 90, rows: 28, epoch: 1 }]);
    const tags = socket().said.map((message) => message.tag).filter((tag) => tag === "resize" || tag === "input");
    expect(tags).toEqual(["input", "resize", "input"]);
  });

  it("gives the size up with control", () => {
    socket().say(attached("control"), snapshot(1, 0), { tag: "resized", seq: 2, ts: 0, cols: 80, rows: 24, by: "laptop" });
    type("a");
    socket().say(control("observe", 2, "laptop"));
    attachment.takeControl();
    socket().say(control("control", 3, "Chrome on Linux"));
    attachment.shape.viewport({ cols: 90, rows: 28 });
    expect(socket().heard("resize")).toHaveLength(1);
  });

  it("rests when the session is over", async () => {
    socket().say(attached("control"), snapshot(1, 0), control("observe", 2, ""), { tag: "exited", seq: 2, ts: 0, code: 3, signal: null, stopped_by: "" });
    expect(attachment.ending.value).toEqual({ kind: "exited", code: 3 });
    expect(attachment.view.value?.state).toBe("exited");
    expect(attachment.notice.value).toBeNull();
    expect(display.log.at(-1)).toBe("rest");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSocket.opened).toHaveLength(1);
    type("x");
    expect(attachment.typist.kept.value.bytes).toBe(0);
  });

  it("shows an end that came before it", () => {
    const ended: SessionView = { ...view, state: "lost", detail: "why", seq: 9 };
    socket().say({ tag: "attached", req: 1, mode: "observe", epoch: 0, view: ended, reason: "", last_n: 0, lane: new Uint8Array(0) });
    expect(attachment.ending.value).toBeNull();
    socket().say(snapshot(9, 0, "the last screen"));
    expect(attachment.ending.value).toEqual({ kind: "lost", cause: "why" });
    expect(display.log).toContain("the last screen");
  });
});
