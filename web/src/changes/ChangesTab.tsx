import "../styles/changes.css";

import { useEffect, useRef, useState } from "preact/hooks";

import { keep, kept } from "../app/preferences";
import type { Failure } from "../net/api";
import type { TabProps } from "../session/tabs";
import { sessionPath } from "../ui/route";
import { Splash } from "../ui/Splash";
import { text } from "../strings";
import { changesOf, turnsOf, type Changes, type FileChange, type Turn } from "./api";
import { Near } from "./Blocks";
import { FileDiff, headerId, heightOf, type Look } from "./FileDiff";
import { useLooking } from "./looking";
import { mark, viewedNow } from "./viewed";
import { words } from "./words";

const WIDE_PX = 1024;
const LISTED = 400;
const TURNS = 50;
const BASES = ["head", "staged", "unstaged", "start"] as const;

/** What the agent changed, file by file. Nothing here changes anything; a comment goes before the agent's cursor. */
export function ChangesTab({ id, compose }: TabProps) {
  const [base, setBase] = useState(() => baseOf(new URLSearchParams(location.search).get("base")));
  const [turns, setTurns] = useState<readonly Turn[]>([]);
  const [found, setFound] = useState<Changes | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [viewed, setViewed] = useState(viewedNow);
  const [layout, setLayout] = useState(() => kept("tether.diff.layout"));
  const [wrap, setWrap] = useState(() => (kept("tether.diff.wrap") || (innerWidth < WIDE_PX ? "on" : "off")) === "on");
  const root = useRef<HTMLDivElement>(null);
  const wide = useWide(root);

  useLooking(async () => {
    const known = await turnsOf(id);
    if (known.ok) setTurns(known.value);
    const answer = await changesOf(id, base, found !== null && isOf(found, base) ? found.digest : "");
    setFailure(answer.ok ? null : answer.failure);
    if (answer.ok && !answer.value.same) setFound(answer.value);
  }, [id, base]);

  const split = layout === "split" || (layout === "" && wide);
  const choose = (one: string) => {
    const address = new URL(location.href);
    address.searchParams.set("base", one);
    history.replaceState(null, "", address);
    setBase(baseOf(one));
  };
  const tick = (file: FileChange) => setViewed(mark(file.digest, !viewed.has(file.digest)));
  const toggleWrap = () => { keep("tether.diff.wrap", wrap ? "off" : "on"); setWrap(!wrap); };
  const toggleLayout = () => { const next = split ? "inline" : "split"; keep("tether.diff.layout", next); setLayout(next); };
  const look: Look = { id, base, split, wrap, compose, terminal: sessionPath(id) };
  const shown = found !== null && isOf(found, base) ? found : null;
  return (
    <div class="changes" ref={root} data-testid="changes" data-layout={split ? "split" : "inline"} data-wrap={wrap}
      data-ready={shown !== null} onKeyDown={(event) => onKey(event, { tick: (path) => shown?.files.filter((file) => headerId(file) === path).forEach(tick), wrap: toggleWrap })}>
      <div class="changes-bar">
        <label class="changes-base">
          <span>{words.base}</span>
          <Bases base={base} turns={turns} choose={choose} />
        </label>
        {shown !== null && shown.kind === "git" && (
          <span class="changes-sum" data-testid="sum" role="status">
            {shown.branch !== "" && <span class="mono branch">{shown.branch}</span>}
            <span>{words.files(shown.files.length)}</span>
            <Counts added={shown.added} removed={shown.removed} />
          </span>
        )}
        <span class="changes-tools">
          <label class="tick"><input type="checkbox" checked={split} onChange={toggleLayout} data-testid="layout" /> {words.layout}</label>
          <label class="tick"><input type="checkbox" checked={wrap} onChange={toggleWrap} data-testid="wrap" /> {words.wrap}</label>
        </span>
      </div>
      {failure !== null && shown !== null && <p class="changes-note" role="status">{words.stale}</p>}
      <Body id={id} found={shown} failure={failure} look={look} viewed={viewed} tick={tick} />
    </div>
  );
}

/** What to compare with: the commit, the index, the session's start, or one turn of the agent, the newest first. */
function Bases({ base, turns, choose }: { base: string; turns: readonly Turn[]; choose(base: string): void }) {
  return (
    <select value={base} onChange={(event) => choose(event.currentTarget.value)} data-testid="base">
      {BASES.map((one) => <option key={one} value={one}>{words.bases[one]}</option>)}
      {turns.length > 0 && (
        <optgroup label={words.turns}>
          {[...turns].reverse().slice(0, TURNS).map((one) => <option key={one.n} value={`turn:${one.n}`} disabled={!one.known}>{words.turn(one.n, one.prompt)}</option>)}
        </optgroup>
      )}
    </select>
  );
}

/** A base as it stands in an address: one of those that are known, or a turn. */
function baseOf(given: string | null): string {
  return BASES.find((one) => one === given) ?? (given !== null && /^turn:[1-9]\d{0,8}$/.test(given) ? given : "head");
}

function isOf(found: Changes, base: string): boolean {
  return (found.base === "turn" ? `turn:${found.turn?.n ?? 0}` : found.base) === base;
}

function Body({ id, found, failure, look, viewed, tick }: {
  id: string; found: Changes | null; failure: Failure | null; look: Look; viewed: ReadonlySet<string>; tick(file: FileChange): void;
}) {
  if (found === null) {
    if (failure === null) return <Splash title={text.loading} />;
    return <Splash title={words.failed} hint={failure.kind === "refused" ? failure.message : text.listFailed} state="stopped" />;
  }
  if (found.kind === "none") return <Splash title={words.noRepository} hint={words.noRepositoryHint} state="none"><a class="button" href={sessionPath(id, "files")}>{words.openFiles}</a></Splash>;
  if (found.unknown_start) return <Splash title={words.unknownStart} hint={words.unknownStartHint} state="unknown-start" />;
  if (found.files.length === 0) return <Splash title={words.none} hint={words.noneHint[found.base] ?? ""} state="clean" />;
  return (
    <div class="changes-body">
      <nav class="changes-list" aria-label={words.filesLabel}>
        {found.files.slice(0, LISTED).map((file) => (
          <a key={file.path} href={`#${headerId(file)}`} data-viewed={viewed.has(file.digest)} onClick={(event) => { event.preventDefault(); reach(headerId(file)); }}>
            <bdi>{file.path}</bdi><Counts added={file.added} removed={file.removed} />
          </a>
        ))}
      </nav>
      <div class="changes-files">
        {found.since?.kind === "commit" && <p class="changes-note">{words.sinceCommit}</p>}
        {found.since !== null && found.since.left_out > 0 && <p class="changes-note">{words.leftOut(found.since.left_out)}</p>}
        {(!found.whole || found.unlisted > 0) && <p class="changes-note">{words.notAll}</p>}
        {found.files.map((file) => (
          <div key={file.path} class="change-place" id={`place-${headerId(file)}`}>
            <Near height={heightOf(file, look, viewed.has(file.digest))}>
              {() => <FileDiff file={file} look={look} viewed={viewed.has(file.digest)} tick={() => tick(file)} />}
            </Near>
          </div>
        ))}
        <p class="changes-note keys">{words.keys}</p>
      </div>
    </div>
  );
}

export function Counts({ added, removed }: { added: number; removed: number }) {
  return <span class="counts"><span class="plus">+{added}</span> <span class="minus">−{removed}</span></span>;
}

/** Is there room for two columns? */
function useWide(root: { current: HTMLElement | null }): boolean {
  const [wide, setWide] = useState(innerWidth >= WIDE_PX);
  useEffect(() => {
    const watcher = new ResizeObserver(() => setWide(innerWidth >= WIDE_PX));
    watcher.observe(root.current!);
    return () => watcher.disconnect();
  }, []);
  return wide;
}

/** Go to a file's header, also when it has not been made yet. */
function reach(name: string): void {
  document.getElementById(`place-${name}`)?.scrollIntoView({ block: "start" });
  let tries = 30;
  const focus = () => {
    const header = document.getElementById(name);
    if (header !== null) header.focus({ preventScroll: true });
    else if (tries-- > 0) requestAnimationFrame(focus);
  };
  focus();
}

function onKey(event: KeyboardEvent, act: { tick(name: string): void; wrap(): void }): void {
  const at = event.target as HTMLElement;
  if (/^(?:TEXTAREA|SELECT)$/.test(at.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
  const root = event.currentTarget as HTMLElement;
  const places = [...root.querySelectorAll<HTMLElement>(".change-place")];
  const here = at.closest<HTMLElement>(".change-place");
  const move = (by: number) => {
    const next = here === null ? (by > 0 ? places[0] : undefined) : places[places.indexOf(here) + by];
    if (next !== undefined) reach(next.id.slice("place-".length));
  };
  const lines = (by: number) => {
    const numbers = [...root.querySelectorAll<HTMLElement>(".ln[data-line]")];
    const from = numbers.indexOf(at);
    numbers[from < 0 ? numbers.findIndex((one) => here?.contains(one)) : from + by]?.focus();
  };
  switch (event.key) {
    case "j": move(1); break;
    case "k": move(-1); break;
    case "v": if (here !== null) act.tick(here.id.slice("place-".length)); break;
    case "w": act.wrap(); break;
    case "ArrowDown": lines(1); break;
    case "ArrowUp": lines(-1); break;
    default: return;
  }
  event.preventDefault();
}
