/** The order of the fleet: who needs a person first, and of those who waits longest. Pure. */
import type { SessionInfo } from "../net/api";
import { endingOfView } from "../session/ending";
import { needsAttention } from "./attention";

const URGENCY = ["approval", "question", "plan", "terminal", "error", "unresponsive", "lost"];
const AFTER = { unread: 10, working: 11, running: 12, idle: 13, ended: 20 } as const;

/** When what the row shows began, in microseconds since 1970. */
export function sinceOf(session: SessionInfo): number {
  if (session.ended > 0) return session.ended;
  return session.activity?.since || session.since || session.created;
}

/** Something is over and nobody has looked since. */
export function isUnread(session: SessionInfo, seen: number): boolean {
  const over = endingOfView(session) !== null || ["done", "idle", "error"].includes(session.activity?.state ?? "");
  return over && sinceOf(session) > seen;
}

function rank(session: SessionInfo, unread: boolean): number {
  const reason = needsAttention(session);
  if (reason !== null && endingOfView(session) === null) return URGENCY.indexOf(reason);
  if (endingOfView(session) !== null) return AFTER.ended;
  if (unread) return AFTER.unread;
  const doing = session.activity?.state;
  if (doing === "working" || doing === "starting") return AFTER.working;
  return doing === "idle" || doing === "done" ? AFTER.idle : AFTER.running;
}

/** `sessions` in the order of the list. Those who wait: the longest first; the others: the newest first. */
export function ordered(sessions: readonly SessionInfo[], seenOf: (session: SessionInfo) => number): SessionInfo[] {
  const ranks = new Map(sessions.map((session) => [session.id, rank(session, isUnread(session, seenOf(session)))]));
  return [...sessions].sort((a, b) => {
    const first = ranks.get(a.id) ?? 0;
    const by = first - (ranks.get(b.id) ?? 0);
    if (by !== 0) return by;
    if (first < URGENCY.length) return sinceOf(a) - sinceOf(b) || (a.id < b.id ? -1 : 1);
    return (first === AFTER.ended ? b.ended - a.ended : b.created - a.created) || (a.id < b.id ? -1 : 1);
  });
}

/** Of `sessions` in order, the one that needs somebody after `current`; from the last it goes back to the first. */
export function nextWaiting(sessions: readonly SessionInfo[], current: string): SessionInfo | null {
  const waiting = sessions.filter((session) => needsAttention(session) !== null && endingOfView(session) === null);
  const at = waiting.findIndex((session) => session.id === current);
  return waiting[(at + 1) % Math.max(1, waiting.length)] ?? null;
}
