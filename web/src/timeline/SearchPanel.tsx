import { useEffect, useRef, useState } from "preact/hooks";

import { words } from "../changes/words";
import { listSessions } from "../net/api";
import { text, timeOf } from "../strings";
import { sessionPath } from "../ui/route";
import { searchIn, type Found, type Hit } from "./api";

const HITS_MAX = 300;

/** Find what was on the screen, of this session or of all, the newest first. It goes on until it is stopped. */
export function SearchPanel({ id, seek }: { id: string; seek(seq: number): void }) {
  const [wanted, setWanted] = useState("");
  const [everywhere, setEverywhere] = useState(false);
  const [hits, setHits] = useState<readonly (Hit & Pick<Found, "id" | "title">)[]>([]);
  const [where, setWhere] = useState("");
  const [done, setDone] = useState(false);
  const [problem, setProblem] = useState("");
  const run = useRef(0);
  useEffect(() => () => { run.current++; }, []);

  const search = async (event: Event) => {
    event.preventDefault();
    const mine = ++run.current;
    setHits([]);
    setDone(false);
    setProblem("");
    if (wanted === "") return setWhere("");
    let sessions: readonly { readonly id: string }[] = [{ id }];
    if (everywhere) {
      const all = await listSessions(true);
      if (all.ok) sessions = [{ id }, ...all.value.filter((one) => one.id !== id).reverse()];
    }
    let count = 0;
    for (const session of sessions) {
      for (let before = 0; ; ) {
        if (run.current !== mine) return;
        setWhere(session.id);
        const answer = await searchIn(session.id, wanted, before);
        if (run.current !== mine) return;
        if (!answer.ok) {
          setProblem(answer.failure.kind === "refused" ? answer.failure.message : text.listFailed);
          break;
        }
        const { id: from, title, hits: more, next } = answer.value;
        count += more.length;
        setHits((now) => [...now, ...more.map((hit) => ({ ...hit, id: from, title }))].slice(0, HITS_MAX));
        if (next === 0 || count >= HITS_MAX) break;
        before = next;
      }
      if (count >= HITS_MAX) break;
    }
    setWhere("");
    setDone(true);
  };
  const stop = () => { run.current++; setWhere(""); setDone(true); };
  return (
    <section class="search" data-testid="search" data-done={done}>
      <form class="search-form" role="search" onSubmit={(event) => void search(event)}>
        <input type="search" aria-label={words.search} placeholder={words.search} value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} data-testid="search-for" />
        {where === "" ? <button class="button small" type="submit">{words.find}</button> : <button class="button small" type="button" onClick={stop}>{words.stop}</button>}
        <label class="tick"><input type="checkbox" checked={everywhere} onChange={() => setEverywhere(!everywhere)} data-testid="everywhere" /> {words.searchAll}</label>
      </form>
      <p class="search-state" role="status">{where !== "" ? words.searching(where) : problem !== "" ? problem : !done ? "" : hits.length > 0 ? words.hits(hits.length) : words.noHits}</p>
      <ol class="hits">
        {hits.map((hit, at) => (
          <li key={at}>
            {hit.id === id ? (
              <button class="hit" type="button" data-testid="hit" onClick={() => seek(hit.seq)}><HitText hit={hit} wanted={wanted} /></button>
            ) : (
              <a class="hit" data-testid="hit" href={`${sessionPath(hit.id, "timeline")}?seq=${hit.seq}`}><span class="hit-of">{hit.title || hit.id}</span><HitText hit={hit} wanted={wanted} /></a>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

function HitText({ hit, wanted }: { hit: Hit; wanted: string }) {
  const at = hit.line.toLowerCase().indexOf(wanted.toLowerCase());
  return (
    <>
      <span class="hit-when">{timeOf(hit.ts)}</span>
      <span class="hit-line mono">{at < 0 ? hit.line : <>{hit.line.slice(Math.max(0, at - 40), at)}<mark>{hit.line.slice(at, at + wanted.length)}</mark>{hit.line.slice(at + wanted.length)}</>}</span>
    </>
  );
}
