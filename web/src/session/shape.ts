/** The size of the session as this page shows and asks for it: `Sizing` decides, this tells the page and waits. */
import { signal } from "@preact/signals";

import { plainText } from "./plain";
import { type Size, Sizing } from "./sizing";

/** How long a page may be hidden before the size that it had asked for goes back. */
export const HIDDEN_MS = 30_000;

export class Shape {
  /** Whether the session's size is the one that fills this page. */
  readonly fits = signal(false);
  /** Who asked for the present size; "" when nobody did, or nobody said. */
  readonly owner = signal("");
  /** Typing here changes no size. */
  readonly locked = signal(false);

  readonly #sizing = new Sizing();
  #hidden: ReturnType<typeof setTimeout> | undefined;

  /** `controls` tells whether this page may ask, `ask` asks. */
  constructor(
    private readonly controls: () => boolean,
    private readonly ask: (size: Size) => void,
  ) {}

  /** What would fill this page, once that is known. */
  get fitted(): Size | null {
    return this.#sizing.fitted;
  }

  /** The page's room changed. */
  viewport(fitted: Size): void {
    this.#want(this.#sizing.viewport(fitted, this.controls()));
  }

  /** Somebody typed here. */
  typed(): void {
    if (!this.locked.value) this.#want(this.#sizing.claim(this.controls()));
  }

  /** Somebody wants the session's size to be this page's. */
  fit(): void {
    this.#want(this.#sizing.claim(this.controls()));
  }

  /** Leave the session the size that it has, whatever is typed here; or no longer. */
  lock(on: boolean): void {
    this.locked.value = on;
    this.#sizing.hold(on);
  }

  /** The page is hidden, or is seen again. */
  hidden(hidden: boolean): void {
    clearTimeout(this.#hidden);
    if (hidden) this.#hidden = setTimeout(() => this.#want(this.#sizing.giveBack(this.controls())), HIDDEN_MS);
  }

  /** Control came back by itself. */
  regained(): void {
    if (!this.locked.value) this.#want(this.#sizing.regained());
  }

  /** Control is gone. `given`: by our own will. */
  released(given = false): void {
    this.#sizing.released(given);
  }

  /** What was asked for may never have arrived. */
  forget(): void {
    this.#sizing.forget();
  }

  /** The session has this size, which `by` asked for. */
  resized(size: Size, by: string | null): void {
    this.#sizing.resized(size);
    if (by !== null) this.owned(by);
    this.fits.value = this.#sizing.fits;
  }

  /** `by` asked for the size that the session has. */
  owned(by: string): void {
    this.owner.value = plainText(by, 60);
  }

  close(): void {
    clearTimeout(this.#hidden);
  }

  #want(size: Size | null): void {
    if (size !== null) this.ask(size);
    this.fits.value = this.#sizing.fits;
  }
}
