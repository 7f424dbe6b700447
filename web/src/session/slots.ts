/** Which keys are on the key bar, in which order, and how they are laid out. Pure but for the store: this device's. */
import { keep, kept } from "../app/preferences";
import { BAR_KEYS, type BarKey } from "../terminal/keys";
import type { Modifier } from "../terminal/modifiers";

/** What is on the bar beside keys that are sent: what holds the next one, and the font's size. */
export type Slot = BarKey | Modifier | "font-down" | "font-up";

export const SLOTS: readonly Slot[] = ["ctrl", "alt", ...BAR_KEYS, "font-down", "font-up"];
export const USUAL: readonly Slot[] = [
  "esc", "shift-tab", "tab", "ctrl", "up", "enter",
  "ctrl-c", "slash", "alt", "left", "down", "right",
  "pgup", "pgdn", "home", "end", "newline", "backspace",
  "ctrl-d", "ctrl-z", "ctrl-r", "ctrl-l", "delete", "insert",
  "pipe", "tilde", "dash", "underscore", "backslash", "backtick",
  "at", "hash", "dollar", "exclamation", "font-down", "font-up",
  "f1", "f2", "f3", "f4", "f5", "f6",
  "f7", "f8", "f9", "f10", "f11",
]; // prettier-ignore
const STORE = "tether.keys";
const KEY_PX = 50;
const SIDE_PX = 56;
const WIDE_PX = 700;
const WIDE_KEY_PX = 58;

/** Columns and rows of keys on a bar that is `width` px wide. */
export function layoutFor(width: number): { readonly columns: number; readonly rows: number } {
  if (width >= WIDE_PX) return { columns: Math.min(16, Math.floor((width - 2 * SIDE_PX) / WIDE_KEY_PX)), rows: 1 };
  return { columns: Math.max(4, Math.floor((width - SIDE_PX) / KEY_PX)), rows: 2 };
}

/** The keys page by page. There is always one. */
export function pagesOf<T>(slots: readonly T[], perPage: number): readonly (readonly T[])[] {
  const pages: (readonly T[])[] = [];
  for (let at = 0; at < slots.length; at += perPage) pages.push(slots.slice(at, at + perPage));
  return pages.length === 0 ? [[]] : pages;
}

/** The page `by` further on from `page`, around. */
export function turned(page: number, by: number, pages: number): number {
  return (((page + by) % pages) + pages) % pages;
}

/** Put the key at `at` one place earlier (-1) or later (1). */
export function moved(slots: readonly Slot[], at: number, by: -1 | 1): readonly Slot[] {
  const to = at + by;
  const one = slots[at];
  const other = slots[to];
  if (one === undefined || other === undefined) return slots;
  return slots.map((slot, index) => (index === at ? other : index === to ? one : slot));
}

/** Keys that are not on the bar. */
export function spare(slots: readonly Slot[]): readonly Slot[] {
  return SLOTS.filter((slot) => !slots.includes(slot));
}

/** The keys of this device. Names that this version does not know are left out. */
export function loadSlots(): readonly Slot[] {
  try {
    const found = JSON.parse(kept(STORE)) as unknown;
    if (!Array.isArray(found)) return USUAL;
    const known = SLOTS.filter((slot) => found.includes(slot)).sort((a, b) => found.indexOf(a) - found.indexOf(b));
    return known.length === 0 ? USUAL : known;
  } catch {
    return USUAL;
  }
}

/** Keep them; null forgets every choice. */
export function saveSlots(slots: readonly Slot[] | null): void {
  keep(STORE, slots === null ? "" : JSON.stringify(slots));
}
