/**
 * Who decides the terminal's size. Pure.
 *
 * A terminal has one size and belongs to the controller that last typed or pressed Fit. Attaching, focus and the size
 * of a window decide nothing: a phone that only looks must not fold the desk's screen.
 */
export interface Size {
  readonly cols: number;
  readonly rows: number;
}

export function sameSize(a: Size, b: Size): boolean {
  return a.cols === b.cols && a.rows === b.rows;
}

export class Sizing {
  /** The size the session has. */
  pty: Size = { cols: 80, rows: 24 };
  /** The size that fits this page, once it is laid out. */
  fitted: Size | null = null;
  /** Whether the session's size is this page's. */
  owner = false;
  #asked: Size | null = null;
  #had = false;
  #before: Size | null = null;

  /** Whether the session fills this page as it is. */
  get fits(): boolean {
    return this.fitted !== null && sameSize(this.fitted, this.pty);
  }

  /** The page was laid out anew. The size to ask for, when the session's size is ours to keep. */
  viewport(fitted: Size, controls: boolean): Size | null {
    this.fitted = fitted;
    return this.owner && controls ? this.#ask() : null;
  }

  /** The controller typed or pressed Fit. The size to ask for, if it is not the session's already. */
  claim(controls: boolean): Size | null {
    if (!controls || this.fitted === null) return null;
    if (!this.owner) this.#before = this.pty;
    this.owner = true;
    return this.#ask();
  }

  /** From now on nothing here but Fit changes the session's size, also when this page's room does. */
  hold(on: boolean): void {
    if (on) this.owner = false;
  }

  /** Nobody looks at this page any more: the size to ask for instead of its own, which is what was before it. */
  giveBack(controls: boolean): Size | null {
    const before = this.#before;
    this.#before = null;
    if (!this.owner || !controls || before === null) return null;
    this.owner = false;
    if (sameSize(before, this.#asked ?? this.pty)) return null;
    this.#asked = before;
    return before;
  }

  /** The session has a new size. */
  resized(size: Size): void {
    this.pty = size;
    if (this.#asked !== null && sameSize(size, this.#asked)) this.#asked = null;
    else if (this.owner && (this.fitted === null || !sameSize(size, this.fitted))) {
      // Not what we asked for: somebody else decides now. An answer to an older wish of ours has a newer one behind it.
      if (this.#asked === null) this.owner = false;
    }
  }

  /** Control is gone, and the size with it. `given`: by our own will. */
  released(given = false): void {
    this.#had = !given && (this.#had || this.owner);
    this.owner = false;
    this.#asked = null;
  }

  /** Control came back by itself, because whoever took it left. The size to ask for, when it had been ours. */
  regained(): Size | null {
    const had = this.#had;
    this.#had = false;
    return had ? this.claim(true) : null;
  }

  /** The connection was replaced: what was asked for on the old one may never have arrived. */
  forget(): void {
    this.#asked = null;
  }

  #ask(): Size | null {
    const fitted = this.fitted;
    if (fitted === null || sameSize(fitted, this.#asked ?? this.pty)) return null;
    this.#asked = fitted;
    return fitted;
  }
}
