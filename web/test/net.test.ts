// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Connection } from "../src/net/connection";
import { pack, Unpacker } from "../src/net/framing";
import type { OpenRequest } from "../src/net/link";
import { openPipe } from "../src/net/pipe";
import { takeTicket, ticketIn } from "../src/net/ticket";
import { Ways } from "../src/net/ways";
import { loadTyping, saveTyping } from "../src/session/identity";
import { WireError } from "../src/wire";

describe("framing", () => {
  const frames = [Uint8Array.of(1, 2, 3), Uint8Array.of(), new Uint8Array(300).fill(7)];

  it.each([1, 2, 3, 5, 1000])("gives whole frames back from chunks of %i bytes", (size) => {
    const packed = pack(frames);
    const unpacker = new Unpacker();
    const found: Uint8Array[] = [];
    for (let at = 0; at < packed.length; at += size) found.push(...unpacker.feed(packed.subarray(at, at + size)));
    expect(found).toEqual(frames);
  });

  it("refuses a length that is a lie", () => {
    expect(() => new Unpacker().feed(Uint8Array.of(0xff, 0, 0, 0))).toThrow(WireError);
  });
});

describe("ticket", () => {
  it.each([
    ["http://127.0.0.1:4789/s/k3v9x0pq#ticket=a1.B-2_c.d", "a1.B-2_c.d"],
    ["#ticket=abc", "abc"],
    ["  abc.def  ", "abc.def"],
    ["#ticket=%E0%A4%A", ""],
    ["hello there", ""],
    ["", ""],
  ])("in %j", (text, ticket) => {
    expect(ticketIn(text)).toBe(ticket);
  });

  it("leaves the address", () => {
    history.replaceState(null, "", "/s/k3v9x0pq?mode=observe#ticket=abc");
    expect(takeTicket()).toBe("abc");
    expect(location.href).toMatch(/\/s\/k3v9x0pq\?mode=observe$/);
    expect(takeTicket()).toBe("");
  });
});

describe("ways", () => {
  it("tries WebSocket, then plain HTTP, and that first once it has helped twice", () => {
    const ways = new Ways();
    expect(ways.order(0)).toEqual(["ws", "http"]);
    ways.worked("http", 0);
    expect(ways.order(1)).toEqual(["ws", "http"]);
    ways.worked("http", 2);
    expect(ways.order(3)).toEqual(["http", "ws"]);
    ways.worked("http", 4);
    expect(ways.order(600_001)).toEqual(["http", "ws"]);
    expect(ways.order(600_002)).toEqual(["ws", "http"]);
    ways.worked("ws", 600_003);
    ways.worked("http", 600_004);
    expect(ways.order(600_005)).toEqual(["ws", "http"]);
  });

  it("goes the one way that was asked for", () => {
    const ways = new Ways();
    ways.force("http");
    expect(ways.order(0)).toEqual(["http"]);
    ways.force(null);
    expect(ways.order(0)).toEqual(["ws", "http"]);
  });
});

describe("a channel by posts", () => {
  const name = "0f".repeat(16);
  let down: ReadableStreamDefaultController<Uint8Array>;
  let posts: { path: string; frames: Uint8Array[]; done(status?: number): void }[];
  let seen: Uint8Array[];
  let ended: [number, string][];

  const settle = () => new Promise((done) => setTimeout(done, 0));
  const open = () => {
    const pipe = openPipe("http", {
      open: () => pipe.send(Uint8Array.of(1)),
      message: (message) => seen.push(message),
      closed: (code, reason) => ended.push([code, reason]),
    });
    return pipe;
  };

  beforeEach(() => {
    posts = [];
    seen = [];
    ended = [];
    vi.stubGlobal("fetch", (path: string, init: { body: Uint8Array }) => {
      if (path === "/api/v1/channel") return Promise.resolve(new Response(new ReadableStream({ start: (c) => void (down = c) })));
      return new Promise((done) =>
        posts.push({ path, frames: new Unpacker().feed(init.body), done: (status = 200) => done(new Response("{}", { status })) }),
      );
    });
  });
  afterEach(() => vi.unstubAllGlobals());

  it("posts nothing before it has a name, then one post at a time, in order", async () => {
    const pipe = open();
    await settle();
    down.enqueue(pack([Uint8Array.of(9)]));
    await settle();
    expect(seen).toEqual([Uint8Array.of(9)]);
    pipe.send(Uint8Array.of(2));
    await settle();
    expect(posts).toEqual([]);
    pipe.named(name);
    for (const byte of [3, 4]) pipe.send(Uint8Array.of(byte));
    await settle();
    expect(posts.map((one) => [one.path, one.frames])).toEqual([[`/api/v1/channel/${name}`, [Uint8Array.of(2), Uint8Array.of(3)]]]);
    posts[0]?.done();
    await settle();
    expect(posts[1]?.frames).toEqual([Uint8Array.of(4)]);
    pipe.close();
    expect(ended).toEqual([]);
  });

  it("ends with a post that is refused, and never sends it again", async () => {
    const pipe = open();
    pipe.named(name);
    await settle();
    pipe.send(Uint8Array.of(2));
    await settle();
    posts[0]?.done(404);
    await settle();
    pipe.send(Uint8Array.of(3));
    await settle();
    expect(posts.length).toBe(1);
    expect(ended).toEqual([[0, "HTTP 404"]]);
  });

  it.each([
    [401, 4401],
    [503, 0],
  ])("a first message that is answered with %i ends it with code %i", async (status, code) => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("{}", { status })));
    open();
    await settle();
    expect(ended).toEqual([[code, `HTTP ${status}`]]);
  });

  it("takes no name that would lead elsewhere", async () => {
    const pipe = open();
    pipe.named("../../api/v1/sessions");
    await settle();
    pipe.send(Uint8Array.of(2));
    await settle();
    expect(posts).toEqual([]);
  });
});

describe("what a tab keeps", () => {
  it("is for the same client alone", () => {
    const client = new Uint8Array(16).fill(1);
    saveTyping(client, "k3v9x0pq", { at: 5, next: 8, pending: [[7, Uint8Array.of(0, 255)]] });
    expect(loadTyping(client, "k3v9x0pq")).toEqual({ at: 5, next: 8, pending: [[7, Uint8Array.of(0, 255)]] });
    expect(loadTyping(new Uint8Array(16), "k3v9x0pq")).toBeUndefined();
    expect(loadTyping(client, "other")).toBeUndefined();
    sessionStorage.setItem("tether.typing.k3v9x0pq", "{broken");
    expect(loadTyping(client, "k3v9x0pq")).toBeUndefined();
  });
});

class FakeSocket {
  static opened: FakeSocket[] = [];
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  binaryType = "";
  readyState = FakeSocket.CONNECTING;
  sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: ((close: { code: number; reason: string }) => void) | null = null;
  constructor(readonly url: string) {
    FakeSocket.opened.push(this);
  }
  send(frame: unknown) {
    this.sent.push(frame);
  }
  close() {
    this.readyState = 3;
  }
  stand() {
    this.readyState = FakeSocket.OPEN;
    this.onopen?.();
  }
  end(code = 1006) {
    this.onclose?.({ code, reason: "" });
  }
}

describe("connection", () => {
  const request: OpenRequest = {
    session: "k3v9x0pq", client: "00".repeat(16), name: "Chrome", mode: "control", cols: 80, rows: 24, after: 0, epoch: 0, attach: Uint8Array.of(9),
  }; // prettier-ignore
  let answer: () => Response;
  let pings = 0;
  let downs = 0;

  const make = (forced: "ws" | "http" | null = null) => {
    const connection: Connection = new Connection(
      "k3v9x0pq",
      {
        request: () => request,
        frame: () => connection.established(),
        down: () => downs++,
        info: () => undefined,
        ping: () => pings++,
      },
      forced,
    );
    return connection;
  };
  const socket = () => FakeSocket.opened.at(-1)!;
  const stand = async (connection: Connection) => {
    connection.start();
    await vi.advanceTimersByTimeAsync(0);
    socket().stand();
    socket().onmessage?.({ data: new ArrayBuffer(1) });
  };

  beforeEach(() => {
    vi.useFakeTimers();
    FakeSocket.opened = [];
    pings = downs = 0;
    answer = () => Response.json({ session: { id: "k3v9x0pq" } });
    vi.stubGlobal("WebSocket", FakeSocket);
    vi.stubGlobal("fetch", vi.fn(async () => answer()));
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("says Attach first, and is live with the first answer", async () => {
    const connection = make();
    await stand(connection);
    expect(socket().url).toMatch(/\/api\/v1\/sessions\/k3v9x0pq\/attach$/);
    expect(socket().sent[0]).toEqual(request.attach);
    expect(connection.status.value).toEqual({ state: "live" });
    connection.close();
  });

  it("comes back by itself", async () => {
    const connection = make();
    await stand(connection);
    socket().end();
    expect(connection.status.value).toMatchObject({ state: "reconnecting", attempt: 1, cause: "closed" });
    expect(downs).toBe(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(FakeSocket.opened.length).toBe(2);
    socket().stand();
    socket().onmessage?.({ data: new ArrayBuffer(1) });
    expect(connection.status.value.state).toBe("live");
    connection.close();
  });

  it("says that the gateway is stopped when nobody answers for a while, and retries when told", async () => {
    const connection = make();
    await stand(connection);
    answer = () => {
      throw new TypeError("refused");
    };
    socket().end();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(connection.status.value).toMatchObject({ state: "reconnecting", cause: "unreachable" });
    await vi.advanceTimersByTimeAsync(8_000);
    expect(connection.status.value.state).toBe("stopped");
    answer = () => Response.json({ session: { id: "k3v9x0pq" } });
    connection.retry();
    await vi.advanceTimersByTimeAsync(0);
    expect(FakeSocket.opened.length).toBe(2);
    connection.close();
  });

  it.each([
    [401, "signed-out"],
    [404, "unknown"],
  ])("HTTP %i means %s, and nothing is tried any more", async (status, state) => {
    answer = () => Response.json({ error: { message: "why" } }, { status });
    const connection = make();
    connection.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(connection.status.value.state).toBe(state);
    expect(FakeSocket.opened.length).toBe(0);
    connection.close();
  });

  it("takes plain HTTP after three sockets that never stood although the gateway answers", async () => {
    const connection = make();
    connection.start();
    for (let i = 0; i < 3; i++) {
      await vi.advanceTimersByTimeAsync(11_000);
      if (connection.transport.value === "ws") socket().end();
    }
    await vi.advanceTimersByTimeAsync(11_000);
    expect(connection.transport.value).toBe("http");
    connection.close();
  });

  it("stays with the socket when that was asked for", async () => {
    const connection = make("ws");
    connection.start();
    for (let i = 0; i < 5; i++) {
      await vi.advanceTimersByTimeAsync(11_000);
      socket().end();
    }
    expect(connection.transport.value).toBe("ws");
    connection.close();
  });

  it("asks a silent line for a sign of life, then gives it up", async () => {
    const connection = make();
    await stand(connection);
    await vi.advanceTimersByTimeAsync(6_500);
    expect(pings).toBeGreaterThan(0);
    await vi.advanceTimersByTimeAsync(6_500);
    expect(connection.status.value).toMatchObject({ cause: "silent" });
    connection.close();
  });

  it("does not fight with another page for its place", async () => {
    const connection = make();
    await stand(connection);
    socket().end(4409);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(connection.status.value.state).toBe("replaced");
    expect(FakeSocket.opened.length).toBe(1);
    connection.close();
  });

  it("rests when the session is over", async () => {
    const connection = make();
    await stand(connection);
    connection.finish("ended");
    await vi.advanceTimersByTimeAsync(60_000);
    connection.wake();
    connection.retry();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(FakeSocket.opened.length).toBe(1);
    connection.close();
  });
});
