/** The sessions of this gateway, told by it as they change; shared by every page that shows them. */
import { computed, signal } from "@preact/signals";

import { keep, kept } from "../app/preferences";
import { getFeed, listSessions, type Answer, type Failure, type SessionInfo } from "../net/api";
import { endingOfView } from "../session/ending";
import { needsAttention } from "./attention";
import { completed, everyone, NOBODY, told, type News, type Roll } from "./roll";
import { seenTold } from "./unread";

/** How long one question stays open, and how long a hidden page rests between two of them. */
const OPEN_S = 20;
const HIDDEN_MS = 20_000;
/** After a failure; and how long a gateway that has no feed is asked for its list instead. */
const AGAIN_MS = 1_000;
/** Changes that come faster are shown together. */
const TOGETHER_MS = 100;
const LIST_MS = 10_000;
/** The ended ones are asked for when their number may have changed otherwise: retention removes them. */
const COMPLETE_MS = 300_000;

export interface Fleet {
  readonly sessions: readonly SessionInfo[];
  /** When the gateway said so (ms), and whether it still answers. */
  readonly at: number;
  readonly fresh: boolean;
}

const KEY = "tether.fleet";
const KEPT = 100;
const SAVE_MS = 1_000;

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
export const trouble = signal<Failure | null>(null);
/** How many sessions need somebody. */
export const attention = computed(
  () => (fleet.value?.sessions ?? []).filter((session) => endingOfView(session) === null && needsAttention(session) !== null).length,
);

/** A window of this page's floats before others: it is looked at although the page is hidden. */
export const floating = signal(false);

let watchers = 0;
let roll: Roll = NOBODY;
let next = 0;
let completeAt = 0;
let listUntil = 0;
/** The question that is open now; a newer one ends it. */
let open: AbortController | null = null;
let saving: ReturnType<typeof setTimeout> | undefined;

/** News by the feed, or the whole list from a gateway that has none now. */
async function news(wait: number, signal: AbortSignal): Promise<Answer<News>> {
  if (performance.now() >= listUntil) {
    const found = await getFeed(next, wait, signal);
    if (found.ok) {
      next = found.value.next;
      return found;
    }
    if (found.failure.kind === "unreachable" || found.failure.status === 401) return found;
    listUntil = performance.now() + LIST_MS;
  }
  next = 0;
  const found = await listSessions(false);
  return found.ok ? { ok: true, value: { whole: true, sessions: found.value } } : found;
}

async function look(wait: number, signal: AbortSignal): Promise<Answer<null>> {
  const found = await news(wait, signal);
  if (signal.aborted) return { ok: true, value: null };
  if (!found.ok) return found;
  roll = told(roll, found.value);
  seenTold(found.value.sessions.map((session) => session.id));
  if (roll.incomplete || performance.now() - completeAt > COMPLETE_MS) {
    const all = await listSessions(true);
    if (!all.ok) return all;
    roll = completed(roll, all.value);
    completeAt = performance.now();
  }
  return { ok: true, value: null };
}

function show(): void {
  const sessions = everyone(roll);
  fleet.value = { sessions, at: Date.now(), fresh: true };
  trouble.value = null;
  saving ??= setTimeout(save, SAVE_MS);
}

/** Keep the list for when nobody answers; not for every change of it. */
function save(): void {
  clearTimeout(saving);
  saving = undefined;
  if (fleet.value?.fresh === true) keep(KEY, JSON.stringify({ sessions: fleet.value.sessions.slice(0, KEPT), at: fleet.value.at }));
}
if (typeof addEventListener !== "undefined") addEventListener("pagehide", save);

function fail(failure: Failure): void {
  trouble.value = failure;
  next = 0;
  if (failure.kind === "refused" && failure.status === 401) {
    fleet.value = null;
    roll = NOBODY;
    keep(KEY, "");
    return;
  }
  const known = fleet.value ?? (failure.kind === "unreachable" ? last() : null);
  if (known !== null) fleet.value = { ...known, fresh: false };
}

/** Keep asking until `signal` ends it, or until somebody has to sign in. */
async function follow(signal: AbortSignal): Promise<void> {
  let wait = 0;
  while (!signal.aborted) {
    const hidden = document.visibilityState !== "visible" && !floating.value;
    const began = performance.now();
    const answer = hidden ? await alone((first) => look(first ? wait : 0, signal)) : await look(wait, signal);
    if (signal.aborted) return;
    if (answer.ok) show();
    else fail(answer.failure);
    if (!answer.ok && answer.failure.kind === "refused" && answer.failure.status === 401) return;
    wait = answer.ok ? OPEN_S : 0;
    const pause = !answer.ok || next === 0 ? AGAIN_MS : hidden && !held ? HIDDEN_MS : TOGETHER_MS - (performance.now() - began);
    // Timers of hidden pages are slow: none is needed after an answer that took its time.
    if (pause > 0) await rest(pause, signal);
  }
}

let held = false;

/**
 * A browser opens few connections to one gateway: of its hidden pages only one keeps a question open, so that its title
 * can tell who needs somebody. `act` learns whether this is the one.
 */
async function alone<T>(act: (first: boolean) => Promise<T>): Promise<T> {
  if (navigator.locks === undefined) return act(false);
  return navigator.locks.request("tether.feed", { ifAvailable: true }, (lock) => {
    held = lock !== null;
    return act(held);
  });
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); done(); });
  });
}

/** Ask now; an older question is given up, as it may stand on a connection that is gone. */
export function refresh(): void {
  open?.abort();
  open = new AbortController();
  if (watchers > 0) void follow(open.signal);
}

/** Keep `fleet` fresh until the returned function is called. */
export function watch(): () => void {
  const stop = new AbortController();
  const wake = () => { if (document.visibilityState === "visible") refresh(); };
  watchers++;
  document.addEventListener("visibilitychange", wake, { signal: stop.signal });
  addEventListener("online", wake, { signal: stop.signal });
  addEventListener("pageshow", wake, { signal: stop.signal });
  if (watchers === 1) refresh();
  return () => {
    stop.abort();
    if (--watchers === 0) open?.abort();
  };
}
