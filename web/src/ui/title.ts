/** What the page's tab, its icon and its application say: where one is, and how many sessions need somebody. */
import { effect, signal } from "@preact/signals";

import { attention } from "../fleet/watch";
import { text } from "../strings";

/** What the page shows; "" for the list. */
const where = signal("");

/** This page shows `words` now. */
export function called(words: string): void {
  where.value = words;
}

/** The title of a page that shows `words` while `waiting` sessions need somebody. Pure. */
export function titleFor(words: string, waiting: number): string {
  const count = waiting > 0 ? `(${waiting}) ` : "";
  return `${count}${words === "" ? text.appName : `${words} · ${text.appName}`}`;
}

/** Keep title, icon and the application's badge true. */
export function followTitle(): void {
  effect(() => {
    document.title = titleFor(where.value, attention.value);
  });
  effect(() => {
    const icon = attention.value > 0 ? "/favicon-waiting.svg" : "/favicon.svg";
    document.querySelector("link[rel=icon]")?.setAttribute("href", icon);
    // Where the page is installed, the system shows it; elsewhere there is no such thing.
    const badge = attention.value > 0 ? navigator.setAppBadge?.(attention.value) : navigator.clearAppBadge?.();
    badge?.catch(() => undefined);
  });
}
