import "../styles/fleet.css";

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { kept, keep } from "../app/preferences";
import type { SessionInfo } from "../net/api";
import { endingOfView } from "../session/ending";
import { ageOf, text } from "../strings";
import { go, sessionPath } from "../ui/route";
import { SignIn } from "../ui/SignIn";
import { Splash } from "../ui/Splash";
import { called } from "../ui/title";
import { FirstRun } from "./FirstRun";
import { fits } from "./filter";
import { nextWaiting, ordered } from "./order";
import { Rows } from "./Rows";
import { StopSheet } from "./StopSheet";
import { Tiles } from "./Tiles";
import { seenAt } from "./unread";
import { attention, fleet, refresh, trouble, type Fleet } from "./watch";
import { shown } from "./words";

const ENDED_SHOWN = 100;

/** Every session of this gateway: who needs somebody first. */
export function FleetPage() {
  useEffect(() => called(""), []);
  const known = fleet.value;
  const failure = trouble.value;
  if (failure?.kind === "refused" && failure.status === 401) return <SignIn session="" done={() => undefined} />;
  if (known === null && failure === null) return <Splash title={text.loading} state="connecting" />;
  if (known === null) {
    const refused = failure?.kind === "refused";
    return (
      <Splash
        state={refused ? "failed" : "stopped"}
        title={refused ? failure.message : text.listFailed}
        hint={refused ? failure.hint : text.listFailedHint}
        {...(refused ? {} : { command: text.gatewayCommand })}
      >
        <button class="button" type="button" onClick={refresh}>{text.retry}</button>
      </Splash>
    );
  }
  return <Sessions known={known} />;
}

/** The filter, kept in the address so that it can be reloaded and sent to somebody. */
function useFilter(): readonly [string, (query: string) => void] {
  const [query, setQuery] = useState(() => new URLSearchParams(location.search).get("q") ?? "");
  const change = (next: string) => {
    setQuery(next);
    const search = next === "" ? "" : `?${new URLSearchParams({ q: next }).toString()}`;
    history.replaceState(null, "", location.pathname + search);
  };
  return [query, change];
}

function Sessions({ known }: { known: Fleet }) {
  const [query, setQuery] = useFilter();
  const [tiles, setTiles] = useState(kept("tether.view") === "tiles");
  const [doomed, setDoomed] = useState<SessionInfo | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const all = ordered(known.sessions, seenAt);
  const found = all.filter((session) => fits(session, query, [shown(session).words]));
  const live = found.filter((session) => endingOfView(session) === null);
  const ended = found.filter((session) => endingOfView(session) !== null);
  useKeys(all, field);
  if (all.length === 0) return <FirstRun />;
  const view = (next: boolean) => {
    setTiles(next);
    keep("tether.view", next ? "tiles" : "list");
  };
  const waiting = attention.value;
  return (
    <main class="list fleet" data-testid="list" data-state={known.fresh ? "live" : "stale"}>
      <header class="list-head">
        <h1>{text.sessions}</h1>
        <span class="count">{live.length}</span>
        {waiting > 0 && (
          <button class="button small waiting" type="button" data-testid="next" aria-keyshortcuts="a" title={text.fleet.next} onClick={() => jump(all, "")}>
            <span aria-hidden="true">!</span> {text.fleet.needYou(waiting)} <kbd aria-hidden="true">a</kbd>
          </button>
        )}
        <span class="fleet-views" role="group" aria-label={text.fleet.view}>
          <button class="button small" type="button" aria-pressed={!tiles} onClick={() => view(false)}>{text.fleet.list}</button>
          <button class="button small" type="button" aria-pressed={tiles} data-testid="tiles-on" onClick={() => view(true)}>{text.fleet.tiles}</button>
        </span>
      </header>
      {!known.fresh && <p class="banner" role="status" data-testid="stale">{text.fleet.stale(ageOf(known.at * 1000, Date.now()))}</p>}
      <div class="fleet-filter">
        <input
          ref={field} type="search" value={query} placeholder={text.fleet.filterHint} aria-label={text.fleet.filter}
          aria-keyshortcuts="/" data-testid="filter" autocomplete="off" autocapitalize="none" spellcheck={false}
          onInput={(event) => setQuery(event.currentTarget.value)}
          onKeyDown={(event) => { if (event.key === "Escape") { setQuery(""); event.currentTarget.blur(); } }}
        />
        {query !== "" && <span class="count" role="status">{text.fleet.filtered(found.length, all.length)}</span>}
      </div>
      {query !== "" && found.length === 0 && (
        <section class="empty card" data-testid="nothing-fits">
          <h2>{text.fleet.nothingFits}</h2>
          <button class="button" type="button" onClick={() => setQuery("")}>{text.fleet.clearFilter}</button>
        </section>
      )}
      {query === "" && live.length === 0 && (
        <section class="empty card" data-testid="empty">
          <h2>{text.noSessions}</h2>
          <p>{text.noSessionsHint}</p>
          <pre class="command"><code>{text.startCommand}</code></pre>
        </section>
      )}
      {live.length > 0 && (tiles ? <Tiles sessions={live} /> : <Rows label={text.live} sessions={live} stop={setDoomed} />)}
      {ended.length > 0 && (
        <details class="ended" open={live.length === 0 || query !== ""}>
          <summary>{text.ended} <span class="count">{ended.length}</span></summary>
          <Rows label={text.ended} sessions={ended.slice(0, ENDED_SHOWN)} />
          {ended.length > ENDED_SHOWN && <p class="more">{text.moreEnded(ended.length - ENDED_SHOWN)}</p>}
        </details>
      )}
      {doomed !== null && <StopSheet session={doomed} close={() => setDoomed(null)} />}
    </main>
  );
}

/** To the next session that needs somebody; remembered in the tab, so that each press goes on from there. */
export function jump(sessions: readonly SessionInfo[], current: string): void {
  const next = nextWaiting(sessions, current || (sessionStorage.getItem("tether.jumped") ?? ""));
  if (next === null) return;
  sessionStorage.setItem("tether.jumped", next.id);
  go(sessionPath(next.id));
}

/** Plain keys of the list: `/` filters, `a` goes to who waits. Not while somebody types. */
function useKeys(sessions: readonly SessionInfo[], field: { readonly current: HTMLInputElement | null }): void {
  const latest = useRef(sessions);
  latest.current = sessions;
  // Before the rows can be seen: whoever sees them may press.
  useLayoutEffect(() => {
    const stop = new AbortController();
    addEventListener(
      "keydown",
      (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
        if ((event.target as Element | null)?.closest?.("input, textarea, select, dialog, [contenteditable]")) return;
        if (event.key === "/") {
          event.preventDefault();
          field.current?.focus();
        } else if (event.key === "a") jump(latest.current, "");
      },
      { signal: stop.signal },
    );
    return () => stop.abort();
  }, []);
}
