/** The terminal itself: xterm.js, fed in order, sized to the session and scaled to the page. Loaded on demand. */
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";

import { onTheme, spoken } from "../app/preferences";
import type { Display, Origin } from "../session/display";
import type { Size } from "../session/sizing";
import { clipboardText, webAddress } from "./addresses";
import { copyText } from "./clipboard";
import { Decoding } from "./decoding";
import { loadFont } from "./font";
import { Hands, type HandsOptions } from "./hands";
import { isReport, keySequence, type BarKey } from "./keys";
import { LEAVE_KEY } from "./leave";
import { accelerate, compareWith, palette } from "./look";
import { asksFirst, cleanPaste } from "./pasting";
import { watchQuestions } from "./replies";
import { Room } from "./room";
import { rowsOf } from "./text";
import { measureAsServer } from "./widths";

const FONT =
  'ui-monospace, "SF Mono", "Cascadia Mono", "Segoe UI Mono", "Roboto Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';
const SCROLLBACK_LINES = 10_000;
// Some 100 MB of an ordinary page, and what a phone has to spare.
const ABOVE_MAX = { fine: 50_000, coarse: 20_000 };

export interface ScreenOptions extends HandsOptions {
  /** The element that the terminal fills, and whose size decides what fits. */
  readonly host: HTMLElement;
  readonly webgl: boolean;
  readonly label: string;
  /** What whoever comes into the terminal by keys has to know. */
  readonly hint: string;
  mayAnswer(): boolean;
  data(bytes: Uint8Array, origin: Origin): void;
  /** The size that would fill the page changed (or was found for the first time). */
  fitted(size: Size): void;
  /** Somebody scrolls up beyond the oldest line. */
  top(): void;
  /** Somebody reads what has scrolled off, or no longer. */
  scrolled(up: boolean): void;
  /** Text of several lines, each of which would run; `paste` when its owner agrees. */
  lines(text: string, paste: () => void): void;
  /** Pictures were pasted. */
  pictures(files: readonly File[]): void;
  /** A program wants this on the clipboard. */
  clip(text: string): void;
  /** Text on its way to the agent; the key bar's Ctrl and Alt change it. */
  modify(text: string): string;
}

/** Undoes what a program that was killed has left on: mouse, focus and paste reports, cursor keys, keypad. What it
 * showed last stays, on the alternate screen as well: that is what people come to read. */
const LEFT_ON = "\x1b[?9;1000;1002;1003;1005;1006;1015;1016;1004;2004;1l\x1b>\x1b[?2026l\x1b[?7h";

export class Screen implements Display {
  readonly #terminal: Terminal;
  readonly #room: Room;
  readonly #stop = new AbortController();
  readonly #encoder = new TextEncoder();
  readonly #hands: Hands;
  readonly #decoding = new Decoding();
  #replaying = 0;
  #pressing = false;
  #origin: Origin = "typed";
  #back = 0;

  constructor(private readonly options: ScreenOptions) {
    const font = loadFont(options.coarse);
    const follow = (_event: MouseEvent, text: string) => {
      const address = webAddress(text);
      if (address !== null) options.link(address);
    };
    this.#terminal = new Terminal({
      allowProposedApi: true,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      fontFamily: FONT,
      fontSize: font,
      minimumContrastRatio: 4.5,
      overviewRuler: { width: options.coarse ? 5 : 10 },
      // As the session's own model does it, and other terminals.
      reflowCursorLine: true,
      scrollback: SCROLLBACK_LINES,
      theme: palette(),
      macOptionIsMeta: true,
      linkHandler: { activate: follow, allowNonHttpProtocols: false },
    });
    this.#stop.signal.addEventListener("abort", spoken.subscribe((chosen) => { this.#terminal.options.screenReaderMode = chosen === "on"; }));
    onTheme(() => { this.#terminal.options.theme = palette(); }, this.#stop.signal);
    measureAsServer(this.#terminal);
    this.#room = new Room(this.#terminal, options.area, options.host, font, options.fitted);
    this.#terminal.loadAddon(new WebLinksAddon(follow));
    this.#terminal.open(options.host);
    this.#terminal.textarea?.setAttribute("aria-label", options.label);
    this.#terminal.textarea?.setAttribute("aria-description", options.hint);
    this.#terminal.textarea?.setAttribute("aria-keyshortcuts", LEAVE_KEY);
    this.#listen();
    this.#hands = new Hands(this.#terminal, this.#room, options, () => this.#up());
    if (options.webgl) void accelerate(this.#terminal, this.#stop.signal);
    this.#room.follow();
  }

  // -- what the attachment calls

  reset(size: Size, up: number | null, lines = 0): void {
    this.#decoding.forget();
    this.#terminal.write("", () => {
      const { baseY, viewportY } = this.#terminal.buffer.active;
      this.#back = up === null ? 0 : baseY - viewportY + up;
      this.#terminal.reset();
      this.#terminal.options.scrollback = Math.max(SCROLLBACK_LINES, lines);
      this.#room.take(size);
    });
  }

  resize(size: Size): void {
    this.#terminal.write("", () => this.#room.take(size));
  }

  write(data: Uint8Array, replay: boolean, shown: () => void): void {
    if (replay) this.#replaying++;
    this.#terminal.write(this.#decoding.text(data), () => {
      if (replay) this.#replaying--;
      if (this.#back > 0) this.#terminal.scrollToLine(Math.max(0, this.#terminal.buffer.active.baseY - this.#back));
      this.#back = 0;
      shown();
    });
  }

  get scrolledUp(): boolean {
    const { baseY, viewportY } = this.#terminal.buffer.active;
    return viewportY < baseY;
  }

  get above(): number {
    return this.#terminal.buffer.normal.baseY;
  }

  get aboveMax(): number {
    return this.options.coarse ? ABOVE_MAX.coarse : ABOVE_MAX.fine;
  }

  compare(data: Uint8Array, size: Size, then: (same: boolean) => void): void {
    compareWith(this.#terminal, data, size, then);
  }

  rest(): void {
    this.#terminal.options.disableStdin = true;
    this.#terminal.write(`${LEFT_ON}\x1b[?25l`);
  }

  // -- what the page calls

  focus(): void {
    this.#terminal.focus();
  }

  /** The terminal's rows, for the view of its text. */
  rows(): ReturnType<typeof rowsOf> {
    return rowsOf(this.#terminal);
  }

  /** Call `act` when they may have changed. */
  changed(act: () => void): () => void {
    const told = this.#terminal.onWriteParsed(act);
    return () => told.dispose();
  }

  /** Where a note over the terminal hides least: at its other end than the cursor. */
  quietEnd(): "top" | "bottom" {
    return this.#terminal.buffer.active.cursorY * 2 < this.#terminal.rows ? "bottom" : "top";
  }

  /** Copy what is selected. False when nothing is. */
  copy(): boolean {
    if (!this.#terminal.hasSelection()) return false;
    void copyText(this.#terminal.getSelection());
    return true;
  }

  /** Select all that can be seen. */
  selectScreen(): void {
    const top = this.#terminal.buffer.active.viewportY;
    this.#terminal.selectLines(top, top + this.#terminal.rows - 1);
  }

  /** Go to the newest output. */
  toLatest(): void {
    this.#hands.rest();
    this.#terminal.scrollToBottom();
  }

  unselect(): void {
    this.#terminal.clearSelection();
  }

  /** Letters `by` px larger or smaller, on this device from now on. */
  zoom(by: number): void {
    this.#hands.zoom(by);
  }

  get bracketed(): boolean {
    return this.#terminal.modes.bracketedPasteMode;
  }

  /** A key of the key bar. */
  press(key: BarKey, held: { readonly ctrl: boolean; readonly alt: boolean }): void {
    const applicationCursor = this.#terminal.modes.applicationCursorKeysMode;
    // What is held is in the sequence already.
    this.#pressing = true;
    this.#terminal.input(keySequence(key, { applicationCursor, ...held }), true);
    this.#pressing = false;
  }

  dispose(): void {
    this.#room.close();
    this.#stop.abort();
    this.#hands.close();
    this.#terminal.dispose();
  }

  // -- input

  #listen(): void {
    const signal = this.#stop.signal;
    let up = false;
    this.#terminal.onRender(() => {
      if (up !== this.scrolledUp) this.options.scrolled((up = this.scrolledUp));
    });
    this.#terminal.parser.registerOscHandler(52, (data) => {
      const text = this.#replaying > 0 ? null : clipboardText(data);
      if (text !== null) this.options.clip(text);
      return true;
    });
    watchQuestions(
      this.#terminal,
      () => this.#replaying === 0 && this.options.mayAnswer(),
      () => this.#until("reply", queueMicrotask),
    );
    this.#terminal.onData((text) => {
      const report = isReport(text);
      // Turning focus reports on makes the terminal send one; in a replay nobody asked for it.
      if (report && this.#replaying > 0) return;
      const origin = report ? "pointer" : this.#origin;
      const out = origin === "typed" && !this.#pressing ? this.options.modify(text) : text;
      if (origin === "typed") this.#room.settle();
      this.options.data(this.#encoder.encode(out), origin);
    });
    this.#terminal.onBinary((text) => {
      this.options.data(Uint8Array.from(text, (char) => char.charCodeAt(0) & 0xff), "pointer");
    });
    this.#terminal.attachCustomKeyEventHandler((event) => {
      // Ctrl-C is the agent's: copying has the terminals' own key, which browsers use for their tools.
      if (event.type === "keydown" && event.shiftKey && (event.code === "PageUp" || event.code === "Home")) this.#up();
      const copies = event.ctrlKey && event.shiftKey && event.code === "KeyC";
      if (!copies) return true;
      event.preventDefault();
      if (event.type === "keydown") this.copy();
      return false;
    });
    // On the alternate screen the wheel becomes arrow keys: not what a person typed.
    const wheel = () => this.#until("pointer", (after) => setTimeout(after, 0));
    this.options.area.addEventListener("wheel", wheel, { signal, capture: true, passive: true });
    this.options.area.addEventListener("wheel", (event) => { if (event.deltaY < 0) this.#up(); }, { signal, capture: true, passive: true }); // prettier-ignore
    this.options.area.addEventListener("paste", (event) => this.#pasted(event), { signal, capture: true });
  }

  /** Text from the clipboard: never xterm.js' own way, which lets escapes through. */
  #pasted(event: ClipboardEvent): void {
    event.preventDefault();
    event.stopPropagation();
    const pictures = Array.from(event.clipboardData?.files ?? []).filter((file) => file.type.startsWith("image/"));
    if (pictures.length > 0) return this.options.pictures(pictures);
    this.paste(event.clipboardData?.getData("text/plain") ?? "");
  }

  /** As if a person had pasted `words`: attacks taken out, and asked first where each line would run. */
  paste(words: string): void {
    const text = cleanPaste(words);
    const paste = () => {
      this.#terminal.paste(text);
      this.#terminal.focus();
    };
    if (text === "") return;
    if (asksFirst(text, this.#terminal.modes.bracketedPasteMode)) this.options.lines(text, paste);
    else paste();
  }

  /** Somebody scrolls up. */
  #up(): void {
    const buffer = this.#terminal.buffer.active;
    if (buffer.type === "normal" && buffer.viewportY === 0 && this.#terminal.modes.mouseTrackingMode === "none") this.options.top();
  }

  #until(origin: Origin, later: (then: () => void) => void): void {
    this.#origin = origin;
    later(() => (this.#origin = "typed"));
  }
}
