/** What an attachment and its surroundings say to each other: the terminal below, the page around. */
import type { Size } from "./sizing";

export type Mode = "control" | "observe";

/** What the attachment writes to. Every call takes effect after the output written before it. */
export interface Display {
  /** Clear everything and take this size. */
  reset(size: Size): void;
  resize(size: Size): void;
  /** `replay`: this output is older than our attachment, its questions were answered long ago. */
  write(data: Uint8Array, replay: boolean, shown: () => void): void;
  /** Nothing will be typed or shown any more. */
  rest(): void;
}

/** Something to tell once. `serial` makes the same words news again. */
export interface Notice {
  readonly serial: number;
  readonly kind: "displaced" | "released" | "refused" | "too-much" | "gap" | "cut" | "stalled" | "resumed";
  readonly text: string;
  readonly hint?: string;
}

/** Where keys come from: only a person's typing claims the terminal's size and is kept when it can't be sent. */
export type Origin = "typed" | "pointer" | "reply";
