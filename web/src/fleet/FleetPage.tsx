import "../styles/fleet.css";

import { useEffect, useRef, useState } from "preact/hooks";

import type { SessionInfo } from "../net/api";
import { endingOfView } from "../session/ending";
import { ageOf, text } from "../strings";
import { SignIn } from "../ui/SignIn";
import { Splash } from "../ui/Splash";
import { called } from "../ui/title";
import { FilterField, NothingFits, useFilter } from "./FilterField";
import { FirstRun } from "./FirstRun";
import { FleetHead, useView } from "./FleetHead";
import { fits } from "./filter";
import { jump, useKeys } from "./keys";
import { ordered } from "./order";
import { Rows } from "./Rows";
import { StopSheet } from "./StopSheet";
import { Tiles } from "./Tiles";
import { seenAt } from "./unread";
import { fleet, refresh, trouble, type Fleet } from "./watch";
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

function Sessions({ known }: { known: Fleet }) {
  const [query, setQuery] = useFilter();
  const [tiles, setTiles] = useView();
  const [doomed, setDoomed] = useState<SessionInfo | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const all = ordered(known.sessions, seenAt);
  const found = all.filter((session) => fits(session, query, [shown(session).words]));
  const live = found.filter((session) => endingOfView(session) === null);
  const ended = found.filter((session) => endingOfView(session) !== null);
  useKeys(all, field);
  if (all.length === 0) return <FirstRun />;
  return (
    <main class="list fleet" data-testid="list" data-state={known.fresh ? "live" : "stale"}>
      <FleetHead count={live.length} tiles={tiles} view={setTiles} next={() => jump(all, "")} />
      {!known.fresh && <p class="banner" role="status" data-testid="stale">{text.fleet.stale(ageOf(known.at * 1000, Date.now()))}</p>}
      <FilterField query={query} change={setQuery} field={field} found={found.length} all={all.length} />
      {query !== "" && found.length === 0 && <NothingFits clear={() => setQuery("")} />}
      {query === "" && live.length === 0 && <NothingRuns />}
      {live.length > 0 && (tiles ? <Tiles sessions={live} /> : <Rows label={text.live} sessions={live} stop={setDoomed} />)}
      {ended.length > 0 && <Ended sessions={ended} open={live.length === 0 || query !== ""} />}
      {doomed !== null && <StopSheet session={doomed} close={() => setDoomed(null)} />}
    </main>
  );
}

function NothingRuns() {
  return (
    <section class="empty card" data-testid="empty">
      <h2>{text.noSessions}</h2>
      <p>{text.noSessionsHint}</p>
      <pre class="command"><code>{text.startCommand}</code></pre>
    </section>
  );
}

/** Those that are over, the newest of them. */
function Ended({ sessions, open }: { sessions: readonly SessionInfo[]; open: boolean }) {
  return (
    <details class="ended" open={open}>
      <summary>{text.ended} <span class="count">{sessions.length}</span></summary>
      <Rows label={text.ended} sessions={sessions.slice(0, ENDED_SHOWN)} />
      {sessions.length > ENDED_SHOWN && <p class="more">{text.moreEnded(sessions.length - ENDED_SHOWN)}</p>}
    </details>
  );
}
