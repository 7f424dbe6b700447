/** When this browser last looked at each session: what has ended or finished since is unread here. */
import { signal } from "@preact/signals";

import { keep, kept } from "../app/preferences";

const KEY = "tether.seen";
const KEPT = 500;

interface Seen {
  /** What was over before this browser first came is no news to it. */
  readonly from: number;
  readonly at: Readonly<Record<string, number>>;
}

function load(): Seen {
  try {
    const found = JSON.parse(kept(KEY)) as Partial<Seen>;
    if (typeof found.from === "number" && typeof found.at === "object") return { from: found.from, at: found.at };
  } catch {
    // Nothing is kept yet, or it is no longer what we wrote.
  }
  const fresh = { from: Date.now() * 1000, at: {} };
  keep(KEY, JSON.stringify(fresh));
  return fresh;
}

const seen = signal<Seen>(load());

/** Microseconds since 1970 at which session `id` was looked at. */
export function seenAt(id: string): number {
  return seen.value.at[id] ?? seen.value.from;
}

/** It is looked at now; `micros` 0 marks it unread. */
export function markSeen(id: string, micros: number = Date.now() * 1000): void {
  const entries = [...Object.entries(seen.value.at).filter(([other]) => other !== id), [id, micros] as const];
  seen.value = { from: seen.value.from, at: Object.fromEntries(entries.slice(-KEPT)) };
  keep(KEY, JSON.stringify(seen.value));
}

// Another tab of this browser is the same reader.
if (typeof addEventListener !== "undefined") {
  addEventListener("storage", (event) => {
    if (event.key === KEY) seen.value = load();
  });
}
