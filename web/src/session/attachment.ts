/**
 * This page's attachment to one session: what the gateway says becomes state that the page shows and bytes for the
 * terminal; what is typed becomes numbered input. All waiting and all sockets are in `net/connection`.
 */
import { signal, type ReadonlySignal } from "@preact/signals";

import type { SessionInfo } from "../net/api";
import type { Connection } from "../net/connection";
import type { TransportName } from "../net/link";
import type { Message } from "../wire";
import type { Attached, Control, Event, FromBrowser, InputAck, Refused, SessionView, Snapshot } from "../wire.gen";
import { deepScreen } from "./deep";
import type { Display, Mode, Origin } from "./display";
import { endingOf, type Ending } from "./ending";
import { loadTyping, saveTyping, toHex } from "./identity";
import { Lease, type Turn } from "./lease";
import { Line } from "./line";
import { Picture } from "./picture";
import { byteCount, plainText } from "./plain";
import { Shape } from "./shape";
import type { Size } from "./sizing";
import { Told } from "./told";
import { Typist } from "./typist";

const HEARTBEAT_MS = 3_000;
// A line that is back so soon was hardly noticed: what was typed meanwhile goes out as if nothing had been.
const BLINK_MS = 3_000;
// Keys that lay this long are no longer what their typist expects to happen.
const STALE_MS = 30_000;

export class Attachment {
  readonly told = new Told();
  readonly view = this.told.view;
  readonly info = this.told.info;
  readonly title = this.told.title;
  readonly holder = this.told.holder;
  readonly ending = this.told.ending;
  readonly notice = this.told.notice;
  readonly clip = this.told.clip;
  readonly mode = signal<Mode | "">("");
  readonly typist: Typist;
  readonly shape: Shape;

  readonly #line: Line;
  readonly #picture: Picture;
  readonly #lease: Lease;
  #downAt = 0;
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  constructor(
    readonly session: string,
    private readonly client: Uint8Array,
    name: string,
    options: { readonly mode: Mode; readonly transport: TransportName | null },
  ) {
    this.#lease = new Lease(options.mode);
    const saved = loadTyping(client, session);
    const say = (message: FromBrowser) => this.#line.say(message);
    const listener = {
      opening: () => ({ mode: this.#lease.wanted, size: this.shape.fitted, after: this.#picture.cursor.seq, epoch: this.#lease.epoch }),
      message: (message: Message) => this.#handle(message),
      down: () => this.#down(),
      info: (info: SessionInfo) => this.told.introduced(info),
    };
    this.#line = new Line(session, client, name, listener, options.transport);
    this.typist = new Typist(
      saved,
      () => this.mode.value === "control" && this.connection.live,
      (n, data) => say({ tag: "input", client, epoch: this.#lease.epoch, n, data }),
    );
    this.shape = new Shape(
      () => this.mode.value === "control",
      (size) => say({ tag: "resize", client, epoch: this.#lease.epoch, ...size }),
    );
    this.#downAt = saved?.at ?? 0;
    this.#picture = new Picture({
      client,
      say,
      canAsk: () => this.modelled && this.connection.live,
      request: () => this.#line.request(),
      deep: (seq, lines) => deepScreen(session, seq, lines),
      skipped: (bytes) => this.told.tell("skipped", byteCount(bytes)),
      sized: (size) => this.shape.resized(size, null),
    });
  }

  get connection(): Connection {
    return this.#line.connection;
  }

  start(display: Display): void {
    this.#picture.showOn(display);
    this.connection.start();
    this.#heartbeat = setInterval(() => this.#seen(), HEARTBEAT_MS);
  }

  /** The page goes away; whoever comes next resumes with what is saved here. */
  save(): void {
    saveTyping(this.client, this.session, this.typist.save(Date.now()));
  }

  close(): void {
    this.save();
    this.#line.say({ tag: "detach", client: this.client });
    this.connection.close();
    clearInterval(this.#heartbeat);
    this.typist.stop();
    this.#picture.close();
    this.shape.close();
  }

  /** The newest event that is shown. */
  get seq(): ReadonlySignal<number> {
    return this.#picture.seq;
  }

  /** The session's size. */
  get pty(): ReadonlySignal<Size> {
    return this.#picture.size;
  }

  /** The session's worker answers what programs ask of their terminal: then no page does. */
  get modelled(): boolean {
    return this.view.value?.screen === true;
  }

  /** Does the program know a paste from typing? */
  bracketed(): boolean {
    return this.#picture.bracketed;
  }

  // -- what people do

  /** False when it was neither sent nor kept. */
  type(data: Uint8Array, origin: Origin): boolean {
    if (this.ending.value !== null || data.length === 0) return false;
    const controls = this.mode.value === "control";
    const blink = !this.connection.live && Date.now() - this.#downAt < BLINK_MS;
    let taken = true;
    if (controls && (this.connection.live || blink)) {
      if (origin === "typed") this.shape.typed();
      taken = this.typist.put(data);
    } else if (origin === "typed") {
      taken = this.typist.keep(data);
    }
    if (!taken) this.told.tell("too-much");
    return taken;
  }

  /** Send what was kept. Only the controller can. */
  sendKept(): void {
    if (this.mode.value === "control" && this.connection.live) this.type(this.typist.takeKept(), "typed");
  }

  takeControl(): void {
    this.#lease.take();
    this.#line.say({ tag: "take", req: this.#line.request(), client: this.client });
  }

  release(): void {
    this.#lease.release();
    this.shape.released(true);
    this.#line.say({ tag: "release", req: this.#line.request(), client: this.client });
  }

  /** Somebody scrolls up beyond what this page has. */
  older(): void {
    this.#picture.older();
  }

  /** A program wants `text` on the clipboard. */
  offerClip(text: string): void {
    if (this.mode.value === "control") this.told.offerClip(text);
  }

  // -- the line

  #down(): void {
    this.#downAt = Date.now();
    this.typist.rewind();
    this.typist.stop();
    this.shape.forget();
    this.#picture.pause();
  }

  #handle(message: Message): void {
    switch (message.tag) {
      case "attached":
        return this.#attached(message);
      case "snapshot":
        return this.#shown(message);
      case "control":
        return this.#controlled(message);
      case "input-ack":
        return this.#acknowledged(message);
      case "refused":
        return this.#refused(message);
      case "session":
        return this.#viewed(message);
      case "unknown":
        return this.#picture.passed(message);
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
      // What agents tell is shown elsewhere, but it has its number: without it the next event would seem to be missing.
      case "active":
      case "asked":
      case "part":
      case "settled":
      case "told":
        return this.#event(message);
      default:
        return; // answers that say nothing beyond "I am here" or "done"
    }
  }

  // -- what the gateway says

  #attached(message: Attached): void {
    const first = !this.connection.live;
    this.connection.established();
    this.#viewed(message.view);
    this.#picture.begin(message.view.seq);
    this.typist.adopt(message.last_n);
    if (first && this.#downAt > 0 && Date.now() - this.#downAt > STALE_MS) this.typist.withdraw();
    const { mode, epoch, view } = message;
    this.#turned(this.#lease.attached(mode, epoch, view.controller, this.#heldByOther(view)), view.controller);
    this.typist.rewind();
    this.typist.flush();
  }

  #controlled(message: Control): void {
    this.#turned(this.#lease.told(message.mode, message.epoch, message.holder), message.holder);
    this.typist.flush();
  }

  /** Act on what the lease's news mean. */
  #turned(turn: Turn, holder: string): void {
    this.mode.value = this.#lease.mode;
    this.holder.value = plainText(holder, 60);
    if (turn.rewind) this.typist.rewind();
    if (turn.released) this.shape.released();
    if (turn.withdraw) this.typist.withdraw();
    if (turn.regained) this.shape.regained();
    if (turn.tell !== null) this.told.tell(turn.tell, plainText(holder, 60));
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
        if (message.req !== 0) this.told.refused(message);
        return;
      case "not-attached":
        return this.connection.reopen("closed");
      case "no-screen":
        return this.#picture.noScreen();
      default:
        this.told.refused(message);
    }
  }

  #viewed(view: SessionView): void {
    this.told.viewed(view);
    if (view.sized_by !== "") this.shape.owned(view.sized_by);
    this.#endedAt(this.#picture.cursor.seq);
  }

  #shown(message: Snapshot): void {
    this.#picture.snapshot(message);
    this.#endedAt(this.#picture.cursor.seq);
  }

  #endedAt(seq: number): void {
    const ending = this.told.endingAt(seq);
    if (ending !== null) this.#end(ending);
  }

  #event(event: Event): void {
    const verdict = this.#picture.take(event);
    if (verdict === "old") return;
    if (verdict === "gap") return this.connection.reopen("protocol");
    switch (event.tag) {
      case "out":
        return this.#picture.output(event);
      case "resized":
        this.shape.resized({ cols: event.cols, rows: event.rows }, event.by);
        return this.#picture.resized({ cols: event.cols, rows: event.rows });
      case "titled":
        this.title.value = plainText(event.title);
        return;
      case "note":
        if (event.code === "gap" || event.code === "stalled" || event.code === "resumed") this.told.tell(event.code, event.text);
        return;
      case "cut":
        return this.told.tell("cut", String(event.to_offset - event.from_offset));
      case "exited":
      case "lost":
        return this.#end(endingOf(event));
    }
  }

  #end(ending: Ending): void {
    if (this.ending.value !== null) return;
    this.mode.value = "observe";
    this.told.end(ending);
    this.#picture.rest();
    this.connection.finish("ended");
  }

  // -- towards the gateway

  #seen(): void {
    const { seq, offset } = this.#picture.cursor;
    this.#line.say({ tag: "seen", client: this.client, seq, offset });
  }
}
