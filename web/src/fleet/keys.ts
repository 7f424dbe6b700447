/** What plain keys do on the list, and the way to who waits. */
import { useLayoutEffect, useRef } from "preact/hooks";

import type { SessionInfo } from "../net/api";
import { go, sessionHome } from "../ui/route";
import { nextWaiting } from "./order";

/** To the next session that needs somebody; remembered in the tab, so that each press goes on from there. */
export function jump(sessions: readonly SessionInfo[], current: string): void {
  const next = nextWaiting(sessions, current || (sessionStorage.getItem("tether.jumped") ?? ""));
  if (next === null) return;
  sessionStorage.setItem("tether.jumped", next.id);
  go(sessionHome(next.id));
}

/** `/` filters, `a` goes to who waits. Not while somebody types. */
export function useKeys(sessions: readonly SessionInfo[], field: { readonly current: HTMLInputElement | null }): void {
  const latest = useRef(sessions);
  latest.current = sessions;
  // Before the rows can be seen: whoever sees them may press.
  useLayoutEffect(() => {
    const stop = new AbortController();
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if ((event.target as Element | null)?.closest?.("input, textarea, select, dialog, [contenteditable]")) return;
      if (event.key === "/") {
        event.preventDefault();
        field.current?.focus();
      } else if (event.key === "a") jump(latest.current, "");
    };
    addEventListener("keydown", pressed, { signal: stop.signal });
    return () => stop.abort();
  }, []);
}
