/** What fingers do on a terminal, put together: selecting, scrolling, the size of its letters. */
import type { Terminal } from "@xterm/xterm";

import { webAddress } from "./addresses";
import { saveFont } from "./font";
import type { Room } from "./room";
import { Selecting } from "./selecting";
import { Touch } from "./touch";

export interface HandsOptions {
  /** What is seen of the terminal. */
  readonly area: HTMLElement;
  readonly coarse: boolean;
  /** A web address was clicked or tapped, and nobody has agreed to it yet. */
  link(address: string): void;
  /** What is selected by touch changed; "" when nothing is. `end` is where it is not. */
  selected(text: string, end: "top" | "bottom"): void;
}

export class Hands {
  readonly #selecting: Selecting | null;
  readonly #touch: Touch | null;

  /** `up` is told when somebody scrolls towards older lines. */
  constructor(
    private readonly terminal: Terminal,
    private readonly room: Room,
    private readonly options: HandsOptions,
    up: () => void,
  ) {
    this.#selecting = options.coarse ? new Selecting(terminal, options.area, () => this.#selected()) : null;
    this.#touch = this.#selecting === null ? null : this.#touched(this.#selecting, up);
  }

  /** Letters `by` px larger or smaller; kept by this device unless somebody only looks closer at a larger session. */
  zoom(by: number): void {
    this.#zoomTo(this.#font + by, true);
  }

  /** What a fling left moving stands still. */
  rest(): void {
    this.#touch?.rest();
  }

  close(): void {
    this.#touch?.close();
    this.#selecting?.close();
  }

  get #font(): number {
    return this.terminal.options.fontSize ?? 0;
  }

  #touched(selecting: Selecting, up: () => void): Touch {
    let from: number | null = null;
    return new Touch(this.terminal, this.options.area, selecting, {
      up,
      link: (text) => {
        const address = webAddress(text);
        if (address !== null) this.options.link(address);
      },
      pinch: (ratio) => {
        from ??= this.#font;
        this.#zoomTo(from * ratio, false);
      },
      pinched: () => {
        from = null;
        this.#zoomTo(this.#font, true);
      },
      still: matchMedia("(prefers-reduced-motion: reduce)").matches,
    });
  }

  #zoomTo(px: number, keep: boolean): void {
    const size = this.room.zoom(px);
    if (keep && !this.room.larger) saveFont(size);
  }

  #selected(): void {
    const where = this.terminal.getSelectionPosition();
    const row = where === undefined ? 0 : (where.start.y + where.end.y) / 2 - this.terminal.buffer.active.viewportY;
    this.options.selected(this.terminal.getSelection(), row * 2 < this.terminal.rows ? "bottom" : "top");
  }
}
