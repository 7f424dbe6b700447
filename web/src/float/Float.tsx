import "../styles/float.css";

import { useEffect, useState } from "preact/hooks";

import { ApprovalCard } from "../approvals/ApprovalCard";
import { waiting, watch as watchApprovals } from "../approvals/watch";
import { ordered } from "../fleet/order";
import { seenAt } from "../fleet/unread";
import { fleet } from "../fleet/watch";
import { shown, titleOf } from "../fleet/words";
import { getScreenText, type SessionInfo } from "../net/api";
import { sinceOf } from "../fleet/order";
import { endingOfView } from "../session/ending";
import { text } from "../strings";
import { Age } from "../ui/Age";
import { sessionHome } from "../ui/route";
import { focused, lastLines } from "./choice";

const LOOK_MS = 1_000;
const LINES = 14;

/**
 * What a small window over everything else shows: who needs somebody, what is asked, and the last lines of one session.
 * Nothing is typed here. `visit` shows a page of ours in the large window.
 */
export function Float({ visit }: { visit: (path: string) => void }) {
  const [chosen, setChosen] = useState("");
  useEffect(watchApprovals, []);
  const live = ordered((fleet.value?.sessions ?? []).filter((session) => endingOfView(session) === null), seenAt);
  const one = focused(live, chosen);
  const asked = waiting.value?.[0];
  // A link in here is for the large window.
  const follow = (event: MouseEvent) => {
    const link = (event.target as Element).closest("a");
    if (link === null || link.target !== "") return;
    event.preventDefault();
    visit(new URL(link.href, location.href).pathname);
  };
  return (
    <main class="float" data-testid="float" data-state={fleet.value?.fresh === false ? "stale" : "live"} onClick={follow}>
      {live.length === 0 && <p class="float-nothing">{text.noSessions}</p>}
      <ul class="float-rows" aria-label={text.live}>
        {live.map((session) => <Row key={session.id} session={session} focus={session.id === one?.id} choose={() => setChosen(session.id)} />)}
      </ul>
      {asked !== undefined && (
        <section class="float-asked" aria-label={text.approvals}>
          <ApprovalCard key={asked.id} approval={asked} />
          {(waiting.value?.length ?? 0) > 1 && <p class="float-more">{text.float.more((waiting.value?.length ?? 0) - 1)}</p>}
        </section>
      )}
      {one !== null && <Lines session={one} visit={() => visit(sessionHome(one.id))} />}
    </main>
  );
}

function Row({ session, focus, choose }: { session: SessionInfo; focus: boolean; choose: () => void }) {
  const state = shown(session);
  return (
    <li>
      <button class="float-row" type="button" aria-pressed={focus} onClick={choose} data-testid="float-row" data-id={session.id}>
        <span class="glyph" data-tone={state.tone} aria-hidden="true">{state.glyph}</span>
        <span class="row-title">{titleOf(session)}</span>
        <span class="tone" data-tone={state.tone}>{state.words}</span>
        <Age since={sinceOf(session)} />
      </button>
    </li>
  );
}

function Lines({ session, visit }: { session: SessionInfo; visit: () => void }) {
  const lines = useLines(session.id);
  return (
    <section class="float-session" aria-label={titleOf(session)}>
      <div class="float-head">
        <h2>{titleOf(session)}</h2>
        <button class="button small" type="button" onClick={visit} data-testid="float-visit">{text.float.visit}</button>
      </div>
      <pre class="float-lines" tabIndex={0} data-testid="float-lines">{lines}</pre>
    </section>
  );
}

/** The newest lines of the session's screen, looked at again and again. */
function useLines(id: string): string {
  const [lines, setLines] = useState("");
  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      const found = await getScreenText(id);
      if (over) return;
      if (found.ok) setLines(lastLines(found.value, LINES));
      timer = setTimeout(() => void look(), LOOK_MS);
    };
    void look();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [id]);
  return lines;
}
