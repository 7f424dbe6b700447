/**
 * This page's attachment to one session: what the gateway says becomes state that the page shows and bytes for the
 * terminal; what is typed becomes numbered input. All waiting and all sockets are in `net/connection`.
 */
import { batch, signal } from "@preact/signals";

import type { SessionInfo } from "../net/api";
import { Connection } from "../net/connection";
import type { OpenRequest, TransportName } from "../net/link";
import { decode, encode, NO_SESSION, type Message, WireError } from "../wire";
import { LIMITS, type Attached, type Control, type Event, type FromBrowser, type InputAck, type Refused, type SessionView, type Snapshot } from "../wire.gen";
import { Cursor } from "./cursor";
import type { Display, Mode, Notice, Origin } from "./display";
import { endingOf, endingOfView, type Ending } from "./ending";
import { fromHex, loadTyping, saveTyping, toHex } from "./identity";
import { byteCount, plainText } from "./plain";
import { Rendered } from "./rendered";
import { sameSize, type Size, Sizing } from "./sizing";
import { Typist } from "./typist";

const HEARTBEAT_MS = 3_000;
// A line that is back so soon was hardly noticed: what was typed meanwhile goes out as if nothing had been.
const BLINK_MS = 3_000;
// Keys that lay this long are no longer what their typist expects to happen.
const STALE_MS = 30_000;
// Further behind than that, the newest screen tells more than what leads to it.
const SKIP_BYTES = 512 * 1024;
// What was skipped is told when it is over, and not for every screen on the way.
const SKIPPED_MS = 1_000;
// After a change of size the two ends may have folded long lines differently: look when it has settled.
const SETTLE_MS = 400;
const HEAL_LINES = 500;
// Whoever scrolled up to lines that had to be fetched sees that they are there.
const OLDER_LINES = 3;

export class Attachment {
  readonly connection: Connection;
  readonly view = signal<SessionView | null>(null);
  readonly info = signal<SessionInfo | null>(null);
  readonly title = signal("");
  readonly mode = signal<Mode | "">("");
  readonly holder = signal("");
  readonly ending = signal<Ending | null>(null);
  readonly seq = signal(0);
  readonly pty = signal<Size>({ cols: 80, rows: 24 });
  /** Whether the session's size is the one that fills this page. */
  readonly fits = signal(false);
  readonly notice = signal<Notice | null>(null);
  /** What a program wants on the clipboard; only a person's own act puts it there. */
  readonly clip = signal("");
  readonly typist: Typist;

  readonly #sizing = new Sizing();
  readonly #cursor = new Cursor();
  readonly #rendered: Rendered;
  #display: Display | null = null;
  #sid: Uint8Array = NO_SESSION;
  #epoch = 0;
  #wanted: Mode;
  #liveFrom = 0;
  #downAt = 0;
  #request = 0;
  #serial = 0;
  #taking = false;
  #asked: { readonly req: number; readonly why: "older" | "size" | "heal" } | null = null;
  #oldest = false;
  #skipped = 0;
  #skipTimer: ReturnType<typeof setTimeout> | undefined;
  #sizeTimer: ReturnType<typeof setTimeout> | undefined;
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  constructor(
    readonly session: string,
    private readonly client: Uint8Array,
    private readonly name: string,
    options: { readonly mode: Mode; readonly transport: TransportName | null },
  ) {
    this.#wanted = options.mode;
    const saved = loadTyping(client, session);
    this.typist = new Typist(
      saved,
      () => this.mode.value === "control" && this.connection.live,
      (n, data) => this.#say({ tag: "input", client, epoch: this.#epoch, n, data }),
    );
    this.#downAt = saved?.at ?? 0;
    this.#rendered = new Rendered((seq, offset) => this.#say({ tag: "credit", seq, offset, skip: this.#skip() }));
    this.connection = new Connection(
      session,
      {
        request: () => this.#openRequest(),
        frame: (frame) => this.#receive(frame),
        down: () => this.#down(),
        info: (info) => this.#introduced(info),
        ping: () => this.#say({ tag: "ping", req: ++this.#request }),
      },
      options.transport,
    );
  }

  start(display: Display): void {
    this.#display = display;
    this.connection.start();
    this.#heartbeat = setInterval(() => this.#seen(), HEARTBEAT_MS);
  }

  /** The page goes away; whoever comes next resumes with what is saved here. */
  save(): void {
    saveTyping(this.client, this.session, this.typist.save(Date.now()));
  }

  close(): void {
    this.save();
    this.#say({ tag: "detach", client: this.client });
    this.connection.close();
    clearInterval(this.#heartbeat);
    this.typist.stop();
    this.#rendered.stop();
    clearTimeout(this.#skipTimer);
    clearTimeout(this.#sizeTimer);
  }

  /** The session's worker answers what programs ask of their terminal: then no page does. */
  get modelled(): boolean {
    return this.view.value?.screen === true;
  }

  /** Does the program know a paste from typing? */
  bracketed(): boolean {
    return this.#display?.bracketed ?? false;
  }

  // -- what people do

  /** False when it was neither sent nor kept. */
  type(data: Uint8Array, origin: Origin): boolean {
    if (this.ending.value !== null || data.length === 0) return false;
    const controls = this.mode.value === "control";
    const blink = !this.connection.live && Date.now() - this.#downAt < BLINK_MS;
    let taken = true;
    if (controls && (this.connection.live || blink)) {
      if (origin === "typed") this.#ask(this.#sizing.claim(true));
      taken = this.typist.put(data);
    } else if (origin === "typed") {
      taken = this.typist.keep(data);
    }
    if (!taken) this.#tell("too-much", "");
    return taken;
  }

  /** Send what was kept. Only the controller can. */
  sendKept(): void {
    if (this.mode.value === "control" && this.connection.live) this.type(this.typist.takeKept(), "typed");
  }

  takeControl(): void {
    this.#wanted = "control";
    this.#taking = true;
    this.#say({ tag: "take", req: ++this.#request, client: this.client });
  }

  release(): void {
    this.#wanted = "observe";
    this.#sizing.released(true);
    this.#say({ tag: "release", req: ++this.#request, client: this.client });
  }

  /** The page's room changed: `fitted` is the size that would fill it. */
  viewport(fitted: Size): void {
    this.#ask(this.#sizing.viewport(fitted, this.mode.value === "control"));
    this.fits.value = this.#sizing.fits;
  }

  /** Somebody scrolls up beyond what this page has. */
  older(): void {
    if (this.modelled && !this.#oldest && this.connection.live) this.#askScreen("older", LIMITS.HISTORY_LINES_MAX);
  }

  /** A program wants `text` on the clipboard. */
  offerClip(text: string): void {
    if (this.mode.value !== "control") return;
    this.clip.value = text;
    this.#tell("clipboard", plainText(text, 60));
  }

  /** Make the session's size this page's. */
  fit(): void {
    this.#ask(this.#sizing.claim(this.mode.value === "control"));
  }

  // -- the line

  #openRequest(): OpenRequest {
    const size = this.#sizing.fitted ?? { cols: 0, rows: 0 };
    const mode = this.#wanted;
    const after = this.#cursor.seq;
    const attach = encode(this.#sid, {
      tag: "attach", req: ++this.#request, client: this.client, name: this.name, kind: "web", mode,
      cols: size.cols, rows: size.rows, take: false, after, epoch: this.#epoch, device: "",
    }); // prettier-ignore
    return { session: this.session, client: toHex(this.client), name: this.name, mode, ...size, after, epoch: this.#epoch, attach };
  }

  #introduced(info: SessionInfo): void {
    this.info.value = info;
    this.title.value = plainText(info.title);
    if (/^[0-9a-f]{32}$/.test(info.sid)) this.#sid = fromHex(info.sid);
  }

  #down(): void {
    this.#downAt = Date.now();
    this.typist.rewind();
    this.typist.stop();
    this.#sizing.forget();
    this.#rendered.stop();
    this.#asked = null;
    clearTimeout(this.#sizeTimer);
  }

  #say(message: FromBrowser): void {
    if (this.connection.live) this.connection.send(encode(this.#sid, message));
  }

  #receive(frame: Uint8Array): void {
    try {
      const { sid, message } = decode(frame);
      batch(() => this.#handle(sid, message));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      console.warn("tether:", error.message);
      this.connection.reopen("protocol");
    }
  }

  #handle(sid: Uint8Array, message: Message): void {
    switch (message.tag) {
      case "attached":
        this.#sid = sid;
        return this.#attached(message);
      case "snapshot":
        return this.#snapshot(message);
      case "control":
        return this.#controlled(message);
      case "input-ack":
        return this.#acknowledged(message);
      case "refused":
        return this.#refused(message);
      case "session":
        return this.#viewed(message);
      case "unknown":
        return this.#cursor.passed(message);
      case "created":
      case "started":
      case "out":
      case "resized":
      case "controlled":
      case "titled":
      case "note":
      case "exited":
      case "lost":
      case "cut":
        return this.#event(message);
      default:
        return; // answers that say nothing beyond "I am here" or "done"
    }
  }

  // -- what the gateway says

  #attached(message: Attached): void {
    const first = !this.connection.live;
    this.#liveFrom = message.view.seq;
    this.connection.established();
    this.#viewed(message.view);
    this.#rendered.start(this.#cursor.seq, this.#cursor.offset);
    this.typist.adopt(message.last_n);
    if (first && this.#downAt > 0 && Date.now() - this.#downAt > STALE_MS) this.typist.withdraw();
    const lost = message.mode !== "control" && this.#heldByOther(message.view);
    this.#lease(message.mode, message.epoch, message.view.controller, lost);
    this.typist.rewind();
    this.typist.flush();
  }

  #controlled(message: Control): void {
    const back = message.mode === "control" && this.mode.value === "observe" && !this.#taking;
    this.#lease(message.mode, message.epoch, message.holder, message.mode !== "control");
    if (back) {
      this.#tell("regained", "");
      this.#ask(this.#sizing.regained());
    }
    this.typist.flush();
  }

  /** `lost`: control is surely not ours. Without it we may only have to wait until the gateway is whole again. */
  #lease(mode: string, epoch: number, holder: string, lost: boolean): void {
    const had = this.mode.value;
    if (epoch !== this.#epoch) this.typist.rewind();
    this.#epoch = epoch;
    this.mode.value = mode === "control" ? "control" : "observe";
    this.holder.value = plainText(holder, 60);
    if (mode === "control") {
      this.#wanted = "control";
      this.#taking = false;
    } else this.#sizing.released();
    if (!lost) return;
    // Whoever lost control did not mean these keys for whatever the session shows when it comes back.
    this.typist.withdraw();
    if (had !== "control" || this.#wanted === "observe") return;
    this.#wanted = "observe";
    this.#tell(holder === "" ? "released" : "displaced", plainText(holder, 60));
  }

  #heldByOther(view: SessionView): boolean {
    return view.controller_id.length > 0 && toHex(view.controller_id) !== toHex(this.client);
  }

  #acknowledged(message: InputAck): void {
    if (toHex(message.client) !== toHex(this.client)) return;
    this.typist.acknowledged(message.n, message.resend);
  }

  #refused(message: Refused): void {
    switch (message.code) {
      case "observe-only":
      case "stale-epoch":
      case "ended":
      case "not-ready":
        // The lease, the end or the gateway's return is told on its own; input waits for it.
        if (message.req !== 0) this.#tell("refused", message.message, message.hint);
        return;
      case "not-attached":
        return this.connection.reopen("closed");
      case "no-screen":
        this.#asked = null;
        return;
      default:
        this.#tell("refused", message.message, message.hint);
    }
  }

  #viewed(view: SessionView): void {
    this.view.value = view;
    this.title.value = plainText(view.title);
    this.holder.value = plainText(view.controller, 60);
    const ending = endingOfView(view);
    if (ending !== null && this.#cursor.seq >= view.seq) this.#end(ending);
  }

  #snapshot(message: Snapshot): void {
    const asked = message.req !== 0 && message.req === this.#asked?.req ? this.#asked : null;
    if (asked !== null) this.#asked = null;
    else if (this.#cursor.seq > 0) this.#skippedTo(message.offset);
    const size = { cols: message.cols, rows: message.rows };
    const mark = this.#rendered.expect(message.seq, message.offset);
    if (asked?.why === "size" && message.seq === this.#cursor.seq && sameSize(size, this.pty.value)) {
      this.#display?.compare(message.data, size, (same) => {
        mark();
        if (!same) this.#askScreen("heal", HEAL_LINES);
      });
      return;
    }
    this.#cursor.jump(message.seq, message.offset);
    this.seq.value = message.seq;
    this.#oldest = asked?.why === "older";
    this.#resized(size);
    this.#display?.reset(size, asked === null ? null : asked.why === "older" ? OLDER_LINES : 0);
    this.#display?.write(message.data, true, mark);
    const ending = this.view.value === null ? null : endingOfView(this.view.value);
    if (ending !== null && message.seq >= (this.view.value?.seq ?? 0)) this.#end(ending);
  }

  #event(event: Event): void {
    const verdict = this.#cursor.take(event);
    if (verdict === "old") return;
    if (verdict === "gap") return this.connection.reopen("protocol");
    this.seq.value = event.seq;
    switch (event.tag) {
      case "out":
        return this.#display?.write(event.data, event.seq <= this.#liveFrom, this.#rendered.expect(event.seq, this.#cursor.offset));
      case "resized":
        this.#resized({ cols: event.cols, rows: event.rows });
        clearTimeout(this.#sizeTimer);
        this.#sizeTimer = setTimeout(() => this.#settled(), SETTLE_MS);
        return this.#display?.resize(this.pty.value);
      case "titled":
        this.title.value = plainText(event.title);
        return;
      case "note":
        if (event.code === "gap" || event.code === "stalled" || event.code === "resumed") this.#tell(event.code, event.text);
        return;
      case "cut":
        return this.#tell("cut", String(event.to_offset - event.from_offset));
      case "exited":
      case "lost":
        return this.#end(endingOf(event));
    }
  }

  #resized(size: Size): void {
    this.#sizing.resized(size);
    this.pty.value = size;
    this.fits.value = this.#sizing.fits;
  }

  #end(ending: Ending): void {
    if (this.ending.value !== null) return;
    this.ending.value = ending;
    this.mode.value = "observe";
    // The line is closed before the gateway's own word for it comes.
    if (this.view.value !== null) this.view.value = { ...this.view.value, state: ending.kind === "killed" ? "exited" : ending.kind };
    // That nobody controls a session that is over is no news.
    if (this.notice.value?.kind === "released") this.notice.value = null;
    this.#display?.rest();
    this.connection.finish("ended");
  }

  // -- the screen

  /** How far this page may fall behind before it is shown the newest screen. Who reads back is not torn away. */
  #skip(): number {
    return this.#display?.scrolledUp === true ? 0 : SKIP_BYTES;
  }

  #skippedTo(offset: number): void {
    this.#skipped += Math.max(0, offset - this.#cursor.offset);
    if (this.#skipped === 0) return;
    clearTimeout(this.#skipTimer);
    this.#skipTimer = setTimeout(() => {
      this.#tell("skipped", byteCount(this.#skipped));
      this.#skipped = 0;
    }, SKIPPED_MS);
  }

  #settled(): void {
    if (this.modelled && this.connection.live && this.#display?.scrolledUp === false) this.#askScreen("size", 0);
  }

  #askScreen(why: "older" | "size" | "heal", history: number): void {
    if (this.#asked !== null) return;
    this.#asked = { req: ++this.#request, why };
    this.#say({ tag: "snapshot?", req: this.#asked.req, client: this.client, history });
  }

  // -- towards the gateway

  #ask(size: Size | null): void {
    if (size !== null) this.#say({ tag: "resize", client: this.client, epoch: this.#epoch, ...size });
  }

  #seen(): void {
    this.#say({ tag: "seen", client: this.client, seq: this.#cursor.seq, offset: this.#cursor.offset });
  }

  #tell(kind: Notice["kind"], text: string, hint = ""): void {
    this.notice.value = { serial: ++this.#serial, kind, text, hint };
  }
}
