import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { getPicture, type SessionInfo } from "../net/api";
import { text } from "../strings";
import { Age } from "../ui/Age";
import { sessionHome } from "../ui/route";
import { sinceOf } from "./order";
import { shown, titleOf } from "./words";

const EVERY_MS = 1_000;
const coarse = matchMedia("(pointer: coarse)").matches;

type Live = ComponentType<{ id: string; title: string; leave(): void }>;

/** Sessions as pictures of their screens. They are drawings, but for the one that is used: that is a terminal. */
export function Tiles({ sessions }: { sessions: readonly SessionInfo[] }) {
  const [used, setUsed] = useState<{ id: string; Live: Live } | null>(null);
  const list = useRef<HTMLUListElement>(null);
  const use = (id: string) => void import("./LiveTile").then(({ LiveTile }) => setUsed({ id, Live: LiveTile }));
  const leave = (id: string) => {
    setUsed(null);
    requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(`[data-testid=tile][data-id="${id}"]`)?.focus());
  };
  return (
    <ul class="tiles" aria-label={text.live} ref={list}>
      {sessions.map((session) => (
        <li key={session.id} class="tile-place" data-used={used?.id === session.id}>
          {used?.id === session.id ? <used.Live id={session.id} title={titleOf(session)} leave={() => leave(session.id)} /> : <Tile session={session} use={() => use(session.id)} />}
        </li>
      ))}
    </ul>
  );
}

function Tile({ session, use }: { session: SessionInfo; use(): void }) {
  const state = shown(session);
  const [box, picture] = usePicture(session.id);
  return (
    <>
      <a class="tile" ref={box} href={sessionHome(session.id)} data-testid="tile" data-id={session.id} data-tone={state.tone}>
        <span class="tile-head">
          <span class="glyph" data-tone={state.tone} aria-hidden="true">{state.glyph}</span>
          <span class="row-title">{titleOf(session)}</span>
          <span class="tone" data-tone={state.tone}>{state.words}</span>
          <Age since={sinceOf(session)} />
        </span>
        <span class="tile-screen">
          {picture !== "" && <img src={`data:image/svg+xml,${encodeURIComponent(picture)}`} alt={text.fleet.thumbnail(titleOf(session))} draggable={false} />}
        </span>
      </a>
      {!coarse && <button class="button small tile-use" type="button" data-testid="tile-use" aria-label={text.fleet.useTile(titleOf(session))} onClick={use}>{text.fleet.useTileHere}</button>}
    </>
  );
}

/** The newest picture, asked for while the tile can be seen. */
function usePicture(id: string) {
  const box = useRef<HTMLAnchorElement>(null);
  const [picture, setPicture] = useState("");
  useEffect(() => {
    let seen = false;
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      clearTimeout(timer);
      if (seen && document.visibilityState === "visible") {
        const found = await getPicture(id);
        if (over) return;
        if (found !== "") setPicture(found);
      }
      if (seen) timer = setTimeout(() => void look(), EVERY_MS);
    };
    const watcher = new IntersectionObserver((entries) => {
      seen = entries.some((entry) => entry.isIntersecting);
      if (seen) void look();
    });
    if (box.current !== null) watcher.observe(box.current);
    return () => {
      over = true;
      clearTimeout(timer);
      watcher.disconnect();
    };
  }, [id]);
  return [box, picture] as const;
}
