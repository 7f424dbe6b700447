import { useEffect, useState } from "preact/hooks";

import { listSessions, type Answer, type SessionInfo } from "../net/api";
import { endingOfView, signalName } from "../session/ending";
import { ageOf, text } from "../strings";
import { SignIn } from "./SignIn";
import { Splash } from "./Splash";

const REFRESH_MS = 2_000;
const ENDED_MS = 60_000;
const ENDED_SHOWN = 100;

/** The sessions of this gateway: the live ones first, the newest on top. */
export function ListPage() {
  const [answer, setAnswer] = useState<Answer<readonly SessionInfo[]> | null>(null);
  const [asked, setAsked] = useState(0);

  useEffect(() => {
    document.title = text.appName;
    return watchSessions(setAnswer);
  }, [asked]);

  if (answer === null) return <Splash title={text.loading} state="connecting" />;
  if (!answer.ok) {
    if (answer.failure.kind === "refused" && answer.failure.status === 401) return <SignIn session="" done={() => setAsked(asked + 1)} />;
    const refused = answer.failure.kind === "refused";
    return (
      <Splash
        state="stopped"
        title={refused ? answer.failure.message : text.listFailed}
        hint={refused ? answer.failure.hint : text.listFailedHint}
        {...(refused ? {} : { command: text.gatewayCommand })}
      >
        <button class="button" type="button" onClick={() => setAsked(asked + 1)}>{text.retry}</button>
      </Splash>
    );
  }
  return <Sessions sessions={answer.value} />;
}

/** Ask again and again while the page is seen, until nobody may know; the ended ones only when there may be new ones. */
function watchSessions(tell: (answer: Answer<readonly SessionInfo[]>) => void): () => void {
  let over = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended: readonly SessionInfo[] = [];
  let live = new Set<string>();
  let endedAt = -ENDED_MS;

  const ask = async (): Promise<Answer<readonly SessionInfo[]>> => {
    const found = await listSessions(false);
    if (!found.ok) return found;
    const now = new Set(found.value.map((session) => session.id));
    const gone = [...live].some((id) => !now.has(id));
    live = now;
    if (gone || performance.now() - endedAt > ENDED_MS) {
      const all = await listSessions(true);
      if (!all.ok) return all;
      endedAt = performance.now();
      ended = all.value.filter((session) => endingOfView(session) !== null);
    }
    return { ok: true, value: [...found.value, ...ended.filter((session) => !now.has(session.id))] };
  };
  const refresh = async () => {
    clearTimeout(timer);
    if (document.visibilityState === "visible") {
      const answer = await ask();
      if (over) return;
      tell(answer);
      if (!answer.ok && answer.failure.kind === "refused" && answer.failure.status === 401) return;
    }
    clearTimeout(timer);
    timer = setTimeout(() => void refresh(), REFRESH_MS);
  };
  const wake = () => void refresh();
  document.addEventListener("visibilitychange", wake);
  void refresh();
  return () => {
    over = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", wake);
  };
}

function Sessions({ sessions }: { sessions: readonly SessionInfo[] }) {
  const newest = [...sessions].sort((a, b) => b.created - a.created);
  const live = newest.filter((session) => endingOfView(session) === null);
  const ended = newest.filter((session) => endingOfView(session) !== null);
  return (
    <main class="list" data-testid="list" data-state="live">
      <header class="list-head">
        <h1>{text.appName}</h1>
        <span class="count">{live.length}</span>
        <a class="list-link" href="/devices">{text.devices}</a>
        <a class="list-link" href="/audit">{text.audit}</a>
      </header>
      {live.length === 0 && (
        <section class="empty card" data-testid="empty">
          <h2>{ended.length === 0 ? text.neverUsed : text.noSessions}</h2>
          <p>{text.noSessionsHint}</p>
          <pre class="command"><code>{text.startCommand}</code></pre>
        </section>
      )}
      {live.length > 0 && <Rows label={text.live} sessions={live} />}
      {ended.length > 0 && (
        <details class="ended" open={live.length === 0}>
          <summary>{text.ended} <span class="count">{ended.length}</span></summary>
          <Rows label={text.ended} sessions={ended.slice(0, ENDED_SHOWN)} />
          {ended.length > ENDED_SHOWN && <p class="more">{text.moreEnded(ended.length - ENDED_SHOWN)}</p>}
        </details>
      )}
    </main>
  );
}

function Rows({ label, sessions }: { label: string; sessions: readonly SessionInfo[] }) {
  const now = Date.now();
  return (
    <ul class="rows" aria-label={label}>
      {sessions.map((session) => (
        <li key={session.id}>
          <a class="row" href={`/s/${session.id}`} data-testid="session-row" data-id={session.id}>
            <span class="dot" data-state={session.state} aria-hidden="true" />
            <span class="row-main">
              <span class="row-title">{session.title || session.provider || text.untitled}</span>
              <span class="row-sub">
                <span>{session.provider}</span>
                <span class="mono">{session.id}</span>
                <span class="row-cwd" title={session.cwd}>{session.cwd}</span>
              </span>
            </span>
            <span class="row-side">
              <span class="state-word" data-state={session.state}>{stateText(session)}</span>
              <span class="row-age">{ageOf(session.ended || session.since || session.created, now)}</span>
              {session.controller !== "" && <span class="row-who">{session.controller}</span>}
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function stateText(session: SessionInfo): string {
  const ending = endingOfView(session);
  if (ending?.kind === "exited" && ending.code !== null) return text.exited(ending.code);
  if (ending?.kind === "killed") return text.killed(signalName(ending.signal));
  return text.stateWords[session.state] ?? session.state;
}
