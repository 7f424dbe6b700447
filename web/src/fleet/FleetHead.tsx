import { useState } from "preact/hooks";

import { keep, kept } from "../app/preferences";
import { text } from "../strings";
import { attention } from "./watch";

/** The list or the tiles, as this browser showed them last. */
export function useView(): readonly [boolean, (tiles: boolean) => void] {
  const [tiles, setTiles] = useState(kept("tether.view") === "tiles");
  const choose = (next: boolean) => {
    setTiles(next);
    keep("tether.view", next ? "tiles" : "list");
  };
  return [tiles, choose];
}

/** A mouse points here: a desk, with room for a second window. */
const desk = typeof matchMedia !== "undefined" && matchMedia("(pointer: fine)").matches;

/** How many there are, who waits, and how they are shown. */
export function FleetHead({ count, tiles, view, next }: { count: number; tiles: boolean; view: (tiles: boolean) => void; next: () => void }) {
  const waiting = attention.value;
  const float = () => void import("../float/window").then((module) => module.openFloat());
  return (
    <header class="list-head">
      <h1>{text.sessions}</h1>
      <span class="count">{count}</span>
      {waiting > 0 && (
        <button class="button small waiting" type="button" data-testid="next" aria-keyshortcuts="a" title={text.fleet.next} onClick={next}>
          <span aria-hidden="true">!<span class="waiting-count"> {waiting}</span></span> <span class="waiting-words">{text.fleet.needYou(waiting)}</span> <kbd aria-hidden="true">a</kbd>
        </button>
      )}
      <span class="fleet-acts">
        {desk && <button class="button small" type="button" title={text.float.openHint} onClick={float} data-testid="float-open">{text.float.open}</button>}
        <span class="fleet-views" role="group" aria-label={text.fleet.view}>
          <button class="button small" type="button" aria-pressed={!tiles} onClick={() => view(false)}>{text.fleet.list}</button>
          <button class="button small" type="button" aria-pressed={tiles} data-testid="tiles-on" onClick={() => view(true)}>{text.fleet.tiles}</button>
        </span>
      </span>
    </header>
  );
}
