/** What the small window shows of all that there is. Pure. */
import { needsAttention } from "../fleet/attention";
import type { SessionInfo } from "../net/api";

/** Of `live`, in the list's order: the one that was `chosen`, or who needs somebody, or who works; null when none lives. */
export function focused(live: readonly SessionInfo[], chosen: string): SessionInfo | null {
  return (
    live.find((session) => session.id === chosen) ??
    live.find((session) => needsAttention(session) !== null) ??
    live.find((session) => session.activity?.state === "working") ??
    live[0] ??
    null
  );
}

/** The last `count` lines of a screen, without the blank ones at its end. */
export function lastLines(screen: string, count: number): string {
  return screen.trimEnd().split("\n").slice(-count).map((line) => line.trimEnd()).join("\n");
}
