/** The screen of a recording: an xterm that takes no input, at the recorded size, scaled into its place. */
import "@xterm/xterm/css/xterm.css";

import { Terminal } from "@xterm/xterm";

import { isDark, onTheme, theme } from "../app/preferences";
import { Decoding } from "../terminal/decoding";
import { CONTRAST, DARK, LIGHT } from "../terminal/themes";
import { measureAsServer } from "../terminal/widths";
import type { Moment } from "./api";
import type { Surface } from "./player";
import { bytesOf } from "./api";

const palette = () => (theme.value === "contrast" ? CONTRAST : isDark() ? DARK : LIGHT);

export class ReplaySurface implements Surface {
  readonly #terminal: Terminal;
  readonly #decoding = new Decoding();
  readonly #stop = new AbortController();
  readonly #watcher: ResizeObserver;

  constructor(private readonly host: HTMLElement, label: string) {
    this.#terminal = new Terminal({
      allowProposedApi: true, disableStdin: true, cursorInactiveStyle: "outline", fontFamily: getComputedStyle(host).fontFamily,
      fontSize: 14, minimumContrastRatio: 4.5, scrollback: 1000, reflowCursorLine: true, theme: palette(),
    });
    measureAsServer(this.#terminal);
    this.#terminal.open(host);
    // It is looked at and never typed into: keys stay with the page's own controls.
    this.#terminal.textarea?.setAttribute("tabindex", "-1");
    this.#terminal.textarea?.setAttribute("readonly", "");
    this.#terminal.textarea?.setAttribute("aria-label", label);
    this.#terminal.attachCustomKeyEventHandler(() => false);
    onTheme(() => { this.#terminal.options.theme = palette(); }, this.#stop.signal);
    this.#watcher = new ResizeObserver(() => this.#scale());
    this.#watcher.observe(host.parentElement!);
  }

  show(moment: Moment): void {
    this.#decoding.forget();
    const text = this.#decoding.text(bytesOf(moment.data));
    this.#terminal.write("", () => {
      this.#terminal.reset();
      this.#terminal.resize(moment.cols, moment.rows);
      this.#terminal.write(text, () => { this.host.dataset["seq"] = String(moment.seq); this.#scale(); });
    });
  }

  write(data: Uint8Array): void {
    this.#terminal.write(this.#decoding.text(data));
  }

  resize(cols: number, rows: number): void {
    this.#terminal.write("", () => { this.#terminal.resize(cols, rows); this.#scale(); });
  }

  dispose(): void {
    this.#stop.abort();
    this.#watcher.disconnect();
    this.#terminal.dispose();
  }

  /** All of it in its place, never larger than it is. */
  #scale(): void {
    const drawn = this.#terminal.element?.querySelector<HTMLElement>(".xterm-screen");
    const room = this.host.parentElement;
    if (!drawn || room === null || drawn.offsetWidth === 0) return;
    const wide = Math.min(1, room.clientWidth / (drawn.offsetWidth + 14));
    room.style.setProperty("--drawn", `${Math.ceil(wide * (drawn.offsetHeight + 12))}px`);
    const scale = Math.min(wide, room.clientHeight / (drawn.offsetHeight + 8));
    this.host.style.width = `${drawn.offsetWidth + 14}px`;
    this.host.style.transform = `scale(${scale})`;
  }
}
