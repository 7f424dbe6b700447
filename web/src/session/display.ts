/** What an attachment and its surroundings say to each other: the terminal below, the page around. */
import type { Size } from "./sizing";

export type Mode = "control" | "observe";

/** What the attachment writes to. Every call takes effect after the output written before it. */
export interface Display {
  /** Clear everything and take this size, with room for `lines` lines that scroll off. What is written next is shown where the reader had scrolled to, `up` lines further up; null: its end. */
  reset(size: Size, up: number | null, lines?: number): void;
  resize(size: Size): void;
  /** `replay`: this output is older than our attachment, its questions were answered long ago. */
  write(data: Uint8Array, replay: boolean, shown: () => void): void;
  /** Does the program mark pastes off from typing? */
  readonly bracketed: boolean;
  /** Whether somebody reads what has scrolled off. */
  readonly scrolledUp: boolean;
  /** Lines above the screen, and how many of them it can take. */
  readonly above: number;
  readonly aboveMax: number;
  /** Tell whether this screen is what is shown. */
  compare(data: Uint8Array, size: Size, then: (same: boolean) => void): void;
  /** Nothing will be typed or shown any more. */
  rest(): void;
}

export type NoticeKind =
  | "displaced" | "released" | "regained" | "refused" | "too-much" | "gap" | "cut" | "stalled" | "resumed" | "skipped" | "clipboard"; // prettier-ignore

/** Something to tell once. `serial` makes the same words news again. */
export interface Notice {
  readonly serial: number;
  readonly kind: NoticeKind;
  readonly text: string;
  readonly hint?: string;
}

/** Where keys come from: only a person's typing claims the terminal's size and is kept when it can't be sent. */
export type Origin = "typed" | "pointer" | "reply";
