/** The terminal's room on the page: what fits into it, and how what is larger or smaller is shown there. */
import { FitAddon } from "@xterm/addon-fit";
import type { Terminal } from "@xterm/xterm";

import type { Size } from "../session/sizing";
import { LIMITS } from "../wire.gen";
import { clampFont, scaled } from "./font";

const REFIT_MS = 120;

/** What fits, and the room (in px, and device pixels for each) and the font that it was found for. */
interface Fits extends Size {
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  readonly font: number;
}

export class Room {
  readonly #addon = new FitAddon();
  readonly #observer: ResizeObserver;
  #fits: Fits | null = null;
  #refit: ReturnType<typeof setTimeout> | undefined;
  #glance = 0;
  #larger = false;

  /** `area` is what is seen of the terminal, `host` the element that it fills; `fitted` is told what fits. */
  constructor(
    private readonly terminal: Terminal,
    private readonly area: HTMLElement,
    private readonly host: HTMLElement,
    private font: number,
    private readonly fitted: (size: Size) => void,
  ) {
    terminal.loadAddon(this.#addon);
    this.#observer = new ResizeObserver(() => this.#later());
  }

  /** Follow the page from now on. */
  follow(): void {
    this.#observer.observe(this.host);
    this.measure();
  }

  close(): void {
    clearTimeout(this.#refit);
    this.#observer.disconnect();
  }

  /** The session has this size. */
  take(size: Size): void {
    if (size.cols !== this.terminal.cols || size.rows !== this.terminal.rows) this.#glance = 0;
    this.terminal.resize(size.cols, size.rows);
    this.measure();
  }

  /** The session is larger than the page: how large its letters are here is nobody else's business, and nothing to keep. */
  get larger(): boolean {
    return this.#larger;
  }

  /** Letters of `px` from now on; what fits is told when they are left alone. The size that came of it. */
  zoom(px: number): number {
    const size = clampFont(px);
    if (this.#larger) this.#glance = size;
    else this.font = size;
    this.#use(size);
    this.#later();
    return size;
  }

  /** Find what fits, tell it, and show what is there now accordingly. */
  measure(): void {
    // Behind another view there is no room to measure: what fitted before goes on.
    if (this.host.clientWidth === 0) return;
    const fits = this.#fitting();
    if (fits === null) return;
    this.fitted({ cols: fits.cols, rows: fits.rows });
    const { px, fit } = scaled(this.terminal, fits, this.font, this.#glance);
    this.#larger = this.terminal.cols > fits.cols || this.terminal.rows > fits.rows;
    this.#use(px);
    this.area.dataset["fit"] = fit;
  }

  /** Somebody types: what the page has become meanwhile counts now, so that the session is resized once. */
  settle(): void {
    if (this.#refit === undefined) return;
    this.#now();
  }

  #later(): void {
    clearTimeout(this.#refit);
    this.#refit = setTimeout(() => this.#now(), REFIT_MS);
  }

  #now(): void {
    clearTimeout(this.#refit);
    this.#refit = undefined;
    this.measure();
  }

  #use(px: number): void {
    if (this.terminal.options.fontSize !== px) this.terminal.options.fontSize = px;
  }

  #fitting(): Size | null {
    const { clientWidth: width, clientHeight: height } = this.host;
    const { font } = this;
    const known = this.#fits;
    if (width === 0 || height === 0) return known;
    const alike = known?.scale === devicePixelRatio && known.font === font;
    if (alike && known.width === width && known.height === height) return known;
    const before = this.terminal.options.fontSize ?? font;
    this.terminal.options.fontSize = font;
    const found = this.#addon.proposeDimensions();
    this.terminal.options.fontSize = before;
    if (found === undefined || !Number.isFinite(found.cols) || found.cols <= 1 || found.rows <= 1) return null;
    // The width of a cell is rounded over the present columns: asked twice for one width, xterm.js may answer with one
    // column more or less, and the session would swing between the two.
    const cols = alike && known.width === width ? known.cols : Math.min(found.cols, LIMITS.COLS_MAX);
    const rows = alike && known.height === height ? known.rows : Math.min(found.rows, LIMITS.ROWS_MAX);
    this.#fits = { width, height, scale: devicePixelRatio, font, cols, rows };
    return this.#fits;
  }
}
