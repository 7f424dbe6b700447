/** Screens that the page asks for beside those it is sent: one at a time, each for a reason. Pure. */

/** `older`: somebody scrolled up beyond what is here. `size`: see whether both ends folded alike. `heal`: they did not. */
export type Why = "older" | "size" | "heal";

export class Asked {
  #waiting: { readonly req: number; readonly why: Why } | null = null;

  get free(): boolean {
    return this.#waiting === null;
  }

  /** A screen was asked for under the number `req`. */
  ask(why: Why, req: number): void {
    this.#waiting = { req, why };
  }

  /** A screen came: why it was asked for, null when it was sent unasked. */
  came(req: number): Why | null {
    if (req === 0 || this.#waiting?.req !== req) return null;
    const { why } = this.#waiting;
    this.#waiting = null;
    return why;
  }

  /** No answer will come any more. */
  forget(): void {
    this.#waiting = null;
  }
}
