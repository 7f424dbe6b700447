/** Ctrl and Alt of the key bar: a tap holds one for the next key, a second tap locks it, a third lets it go. Pure. */
import { withAlt, withCtrl } from "./keys";

export type Hold = "off" | "once" | "locked";
export type Modifier = "ctrl" | "alt";
export type Held = Readonly<Record<Modifier, Hold>>;

export const NONE: Held = { ctrl: "off", alt: "off" };
const NEXT: Readonly<Record<Hold, Hold>> = { off: "once", once: "locked", locked: "off" };

export function tapped(held: Held, which: Modifier): Held {
  return { ...held, [which]: NEXT[held[which]] };
}

/** What is still held after a key. */
export function used(held: Held): Held {
  const left = (hold: Hold): Hold => (hold === "once" ? "off" : hold);
  return { ctrl: left(held.ctrl), alt: left(held.alt) };
}

/** `text`, typed while these are held. */
export function modified(text: string, held: Held): string {
  const ctrl = held.ctrl === "off" ? text : withCtrl(text);
  return held.alt === "off" ? ctrl : withAlt(ctrl);
}
