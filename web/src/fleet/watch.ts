/** The sessions of this gateway, asked for again and again while somebody looks; shared by every page that shows them. */
import { computed, signal } from "@preact/signals";

import { keep, kept } from "../app/preferences";
import { listSessions, type Answer, type SessionInfo } from "../net/api";
import { endingOfView } from "../session/ending";
import { needsAttention } from "./attention";

const REFRESH_MS = 1_000;
const ENDED_MS = 60_000;

export interface Fleet {
  readonly sessions: readonly SessionInfo[];
  /** When the gateway said so (ms), and whether it still answers. */
  readonly at: number;
  readonly fresh: boolean;
}

const KEY = "tether.fleet";
const KEPT = 100;

/** The list that this browser saw last, for when nobody answers. */
function last(): Fleet | null {
  try {
    const found = JSON.parse(kept(KEY)) as Partial<Fleet>;
    return Array.isArray(found.sessions) && typeof found.at === "number" ? { sessions: found.sessions, at: found.at, fresh: false } : null;
  } catch {
    return null;
  }
}

/** What is known; null before the first answer. */
export const fleet = signal<Fleet | null>(null);
/** Why nothing is known, or why it is old. */
export const trouble = signal<Extract<Answer<unknown>, { ok: false }>["failure"] | null>(null);
/** How many sessions need somebody. */
export const attention = computed(
  () => (fleet.value?.sessions ?? []).filter((session) => endingOfView(session) === null && needsAttention(session) !== null).length,
);

let watchers = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let asking = false;
let live = new Set<string>();
let ended: readonly SessionInfo[] = [];
let endedAt = -ENDED_MS;

/** The ended ones are asked for only when there may be new ones. */
async function ask(): Promise<Answer<readonly SessionInfo[]>> {
  const found = await listSessions(false);
  if (!found.ok) return found;
  const now = new Set(found.value.map((session) => session.id));
  if ([...live].some((id) => !now.has(id)) || performance.now() - endedAt > ENDED_MS) {
    const all = await listSessions(true);
    if (!all.ok) return all;
    endedAt = performance.now();
    ended = all.value.filter((session) => endingOfView(session) !== null);
  }
  live = now;
  return { ok: true, value: [...found.value, ...ended.filter((session) => !now.has(session.id))] };
}

/** Ask now. */
export async function refresh(): Promise<void> {
  clearTimeout(timer);
  if (asking) return;
  if (document.visibilityState === "visible") {
    asking = true;
    const answer = await ask();
    asking = false;
    if (answer.ok) {
      fleet.value = { sessions: answer.value, at: Date.now(), fresh: true };
      keep(KEY, JSON.stringify({ sessions: answer.value.slice(0, KEPT), at: Date.now() }));
      trouble.value = null;
    } else {
      trouble.value = answer.failure;
      if (answer.failure.kind === "refused" && answer.failure.status === 401) {
        fleet.value = null;
        keep(KEY, "");
        return; // until somebody signs in
      }
      const known = fleet.value ?? (answer.failure.kind === "unreachable" ? last() : null);
      if (known !== null) fleet.value = { ...known, fresh: false };
    }
  }
  clearTimeout(timer);
  if (watchers > 0) timer = setTimeout(() => void refresh(), REFRESH_MS);
}

/** Keep `fleet` fresh until the returned function is called. */
export function watch(): () => void {
  const wake = () => void refresh();
  watchers++;
  document.addEventListener("visibilitychange", wake);
  addEventListener("online", wake);
  void refresh();
  return () => {
    watchers--;
    document.removeEventListener("visibilitychange", wake);
    removeEventListener("online", wake);
    if (watchers === 0) clearTimeout(timer);
  };
}
