/** The terminal itself: xterm.js, fed in order, sized to the session and scaled to the page. Loaded on demand. */
import { FitAddon } from "@xterm/addon-fit";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal, type ITheme } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";

import { isDark, onTheme, spoken, theme } from "../app/preferences";
import type { Display, Origin } from "../session/display";
import type { Size } from "../session/sizing";
import { LIMITS } from "../wire.gen";
import { clipboardText, webAddress } from "./addresses";
import { isReport, keySequence, type BarKey } from "./keys";
import { asksFirst, cleanPaste } from "./pasting";
import { watchQuestions } from "./replies";
import { rowsOf } from "./text";
import { CONTRAST, DARK, LIGHT } from "./themes";
import { listenToTouch } from "./touch";

const FONT =
  'ui-monospace, "SF Mono", "Cascadia Mono", "Segoe UI Mono", "Roboto Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';
const SCROLLBACK_LINES = 10_000;
const FONT_PX_MIN = 7;
const REFIT_MS = 120;

export interface ScreenOptions {
  /** What is seen of the terminal; a larger one is panned in it. */
  readonly area: HTMLElement;
  /** The element that the terminal fills, and whose size decides what fits. */
  readonly host: HTMLElement;
  readonly coarse: boolean;
  readonly webgl: boolean;
  readonly label: string;
  mayAnswer(): boolean;
  data(bytes: Uint8Array, origin: Origin): void;
  /** The size that would fill the page changed (or was found for the first time). */
  fitted(size: Size): void;
  /** Somebody scrolls up beyond the oldest line. */
  top(): void;
  /** A link in the terminal was followed: a web address, and nobody has agreed to it yet. */
  link(address: string): void;
  /** Text of several lines, each of which would run; `paste` when its owner agrees. */
  lines(text: string, paste: () => void): void;
  /** A program wants this on the clipboard. */
  clip(text: string): void;
  /** Text on its way to the agent; the key bar's Ctrl and Alt change it. */
  modify(text: string): string;
}

/** What fits, and the room (in px, and device pixels for each) that it was found for. */
interface Fits extends Size {
  readonly width: number;
  readonly height: number;
  readonly scale: number;
}

function palette(): ITheme {
  if (theme.value === "contrast") return CONTRAST;
  return isDark() ? DARK : LIGHT;
}

export class Screen implements Display {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #fontPx: number;
  readonly #stop = new AbortController();
  readonly #encoder = new TextEncoder();
  readonly #unlisten: () => void;
  #replaying = 0;
  #pressing = false;
  #origin: Origin = "typed";
  #fits: Fits | null = null;
  #refit: ReturnType<typeof setTimeout> | undefined;
  #back = 0;

  constructor(private readonly options: ScreenOptions) {
    this.#fontPx = options.coarse ? 13 : 14;
    const follow = (_event: MouseEvent, text: string) => {
      const address = webAddress(text);
      if (address !== null) options.link(address);
    };
    this.#terminal = new Terminal({
      allowProposedApi: true,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      fontFamily: FONT,
      fontSize: this.#fontPx,
      minimumContrastRatio: 4.5,
      overviewRuler: { width: options.coarse ? 5 : 10 },
      scrollback: SCROLLBACK_LINES,
      theme: palette(),
      macOptionIsMeta: true,
      linkHandler: { activate: follow, allowNonHttpProtocols: false },
    });
    this.#stop.signal.addEventListener("abort", spoken.subscribe((chosen) => { this.#terminal.options.screenReaderMode = chosen === "on"; }));
    onTheme(() => { this.#terminal.options.theme = palette(); }, this.#stop.signal);
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.loadAddon(new Unicode11Addon());
    this.#terminal.unicode.activeVersion = "11";
    this.#terminal.loadAddon(new WebLinksAddon(follow));
    this.#terminal.open(options.host);
    this.#terminal.textarea?.setAttribute("aria-label", options.label);
    this.#listen();
    this.#unlisten = options.coarse ? listenToTouch(this.#terminal, options.area, () => this.#up()) : () => undefined;
    if (options.webgl) void this.#accelerate();
    this.#measure();
  }

  // -- what the attachment calls

  reset(size: Size, up: number | null): void {
    this.#terminal.write("", () => {
      const { baseY, viewportY } = this.#terminal.buffer.active;
      this.#back = up === null ? 0 : baseY - viewportY + up;
      this.#terminal.reset();
      this.#apply(size);
    });
  }

  resize(size: Size): void {
    this.#terminal.write("", () => this.#apply(size));
  }

  write(data: Uint8Array, replay: boolean, shown: () => void): void {
    if (replay) this.#replaying++;
    this.#terminal.write(data, () => {
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

  compare(data: Uint8Array, size: Size, then: (same: boolean) => void): void {
    const other = new Terminal({ ...size, scrollback: 0, allowProposedApi: true });
    other.loadAddon(new Unicode11Addon());
    other.unicode.activeVersion = "11";
    other.write(data, () => {
      this.#terminal.write("", () => {
        const same = shows(this.#terminal) === shows(other);
        other.dispose();
        then(same);
      });
    });
  }

  rest(): void {
    this.#terminal.options.disableStdin = true;
    this.#terminal.write("\x1b[?25l");
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
    void navigator.clipboard?.writeText(this.#terminal.getSelection());
    return true;
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
    clearTimeout(this.#refit);
    this.#stop.abort();
    this.#unlisten();
    this.#terminal.dispose();
  }

  // -- input

  #listen(): void {
    const signal = this.#stop.signal;
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
    const refit = () => {
      clearTimeout(this.#refit);
      this.#refit = setTimeout(() => this.#measure(), REFIT_MS);
    };
    const observer = new ResizeObserver(refit);
    observer.observe(this.options.host);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  /** Text from the clipboard: never xterm.js' own way, which lets escapes through. */
  #pasted(event: ClipboardEvent): void {
    event.preventDefault();
    event.stopPropagation();
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

  // -- size

  /** Find what fits at the normal font, tell it, and scale what is shown now. */
  #measure(): void {
    // Behind another view there is no room to measure: what fitted before goes on.
    if (this.options.host.clientWidth === 0) return;
    const fits = this.#fitting();
    if (fits === null) return;
    this.options.fitted({ cols: fits.cols, rows: fits.rows });
    this.#scale(fits);
  }

  #fitting(): Size | null {
    const { clientWidth: width, clientHeight: height } = this.options.host;
    const known = this.#fits;
    // Another view stands before the terminal: it keeps the size that it had.
    if (width === 0 || height === 0) return known;
    const sameScale = known?.scale === devicePixelRatio;
    if (sameScale && known.width === width && known.height === height) return known;
    const before = this.#terminal.options.fontSize ?? this.#fontPx;
    this.#terminal.options.fontSize = this.#fontPx;
    const found = this.#fit.proposeDimensions();
    this.#terminal.options.fontSize = before;
    if (found === undefined || !Number.isFinite(found.cols) || found.cols <= 1 || found.rows <= 1) return null;
    // The width of a cell is rounded over the present columns: asked twice for one width, xterm.js may answer with one
    // column more or less, and the session would swing between the two.
    const cols = sameScale && known.width === width ? known.cols : Math.min(found.cols, LIMITS.COLS_MAX);
    const rows = sameScale && known.height === height ? known.rows : Math.min(found.rows, LIMITS.ROWS_MAX);
    this.#fits = { width, height, scale: devicePixelRatio, cols, rows };
    return this.#fits;
  }

  #apply(size: Size): void {
    this.#terminal.resize(size.cols, size.rows);
    this.#measure();
  }

  /** Make a session that is larger than the page smaller, down to what can still be read; the rest is panned. */
  #scale(fits: Size): void {
    const { cols, rows } = this.#terminal;
    const ratio = Math.min(1, fits.cols / cols, fits.rows / rows);
    // Cells are whole device pixels: half steps of the font are the finest that show.
    const px = ratio === 1 ? this.#fontPx : Math.max(FONT_PX_MIN, Math.floor(this.#fontPx * ratio * 2) / 2);
    if (this.#terminal.options.fontSize !== px) this.#terminal.options.fontSize = px;
    const own = fits.cols === cols && fits.rows === rows;
    this.options.area.dataset.fit = own ? "own" : px > FONT_PX_MIN || ratio === 1 ? "boxed" : "panned";
  }

  async #accelerate(): Promise<void> {
    try {
      const { WebglAddon } = await import("@xterm/addon-webgl");
      if (this.#stop.signal.aborted) return;
      const webgl = new WebglAddon();
      // A lost context leaves a black screen: without the addon the DOM renderer draws.
      webgl.onContextLoss(() => webgl.dispose());
      this.#terminal.loadAddon(webgl);
    } catch {
      // No WebGL 2 here: the DOM renderer draws already.
    }
  }
}

/** What can be seen of a terminal, as text. */
function shows(terminal: Terminal): string {
  const buffer = terminal.buffer.active;
  const lines = Array.from({ length: terminal.rows }, (_, row) => buffer.getLine(buffer.baseY + row)?.translateToString(true) ?? "");
  return [buffer.type, buffer.cursorX, buffer.cursorY, ...lines].join("\n");
}
