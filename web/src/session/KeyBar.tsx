import "../styles/keys.css";

import type { Signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

import type { BarKey } from "../terminal/keys";
import { tapped, type Held, type Modifier } from "../terminal/modifiers";
import { KeyEditor } from "./KeyEditor";
import { layoutFor, loadSlots, pagesOf, saveSlots, turned, type Slot } from "./slots";
import { words } from "./words";

const SWIPE_PX = 40;

export interface KeyBarProps {
  readonly held: Signal<Held>;
  press(key: BarKey): void;
  /** Letters larger or smaller by so many px. */
  zoom(by: number): void;
  /** Show or hide the soft keyboard. */
  keyboard(): void;
}

/** Keys that soft keyboards lack, page by page. Touching them must not take the focus, or the keyboard closes. */
export function KeyBar(props: KeyBarProps) {
  const bar = useRef<HTMLDivElement>(null);
  const [slots, setSlots] = useState(loadSlots);
  const [width, setWidth] = useState(innerWidth);
  const [page, setPage] = useState(0);
  const [editing, setEditing] = useState(false);
  useEffect(() => {
    const observer = new ResizeObserver(() => setWidth(bar.current?.clientWidth ?? innerWidth));
    observer.observe(bar.current!);
    return () => observer.disconnect();
  }, []);
  const { columns, rows } = layoutFor(width);
  const pages = pagesOf<Slot | "edit">([...slots, "edit"], columns * rows);
  const shown = Math.min(page, pages.length - 1);
  const turn = (by: number) => setPage(turned(shown, by, pages.length));
  const swipe = useSwipe(turn);
  const choose = (chosen: readonly Slot[] | null) => {
    saveSlots(chosen);
    setSlots(chosen ?? loadSlots());
  };
  const stay = (event: Event) => event.preventDefault();
  return (
    <>
      <div class="keys" ref={bar} role="toolbar" aria-label={words.keyBar} data-testid="key-bar" onPointerDown={stay} onMouseDown={stay} {...swipe}>
        <div class="keys-page" style={{ gridTemplateColumns: `repeat(${columns}, 1fr)` }} data-testid="keys-page" data-page={shown}>
          {pages[shown]?.map((slot) => slot === "edit" ? (
            <button key={slot} class="key key-quiet" type="button" tabIndex={-1} aria-label={words.editKeys} title={words.editKeys} onClick={() => setEditing(true)} data-testid="keys-edit">✎</button>
          ) : <Key key={slot} slot={slot} {...props} />)}
        </div>
        <div class="keys-side" data-rows={rows}>
          <button class="key key-quiet" type="button" tabIndex={-1} onClick={() => turn(1)} data-testid="keys-more">
            <span class="keys-unseen">{words.moreKeys(shown + 1, pages.length)}</span>
            <span aria-hidden="true">⋯</span><small aria-hidden="true">{shown + 1}/{pages.length}</small>
          </button>
          <button class="key key-quiet" type="button" tabIndex={-1} aria-label={words.keyboard} onClick={props.keyboard} data-testid="keys-keyboard"><span aria-hidden="true">⌨</span></button>
        </div>
      </div>
      {editing && <KeyEditor slots={slots} choose={choose} close={() => setEditing(false)} />}
    </>
  );
}

function Key({ slot, held, press, zoom }: KeyBarProps & { slot: Slot }) {
  const hold = isModifier(slot) ? held.value[slot] : "off";
  const act = () => {
    if (isModifier(slot)) held.value = tapped(held.value, slot);
    else if (slot === "font-up" || slot === "font-down") zoom(slot === "font-up" ? 1 : -1);
    else press(slot);
  };
  return (
    <button
      class="key"
      type="button"
      tabIndex={-1}
      data-key={slot}
      aria-label={`${words.keys[slot]} ${hold === "locked" ? words.keyLocked : words.keyNames[slot]}`}
      {...(isModifier(slot) ? { "aria-pressed": hold !== "off", "data-hold": hold } : {})}
      onClick={act}
    >
      {words.keys[slot]}
    </button>
  );
}

function isModifier(slot: Slot): slot is Modifier {
  return slot === "ctrl" || slot === "alt";
}

/** A finger across the bar turns its page, and presses nothing on the way. */
function useSwipe(turn: (by: number) => void) {
  const from = useRef<{ readonly x: number; readonly y: number } | null>(null);
  const swiped = useRef(false);
  return {
    onTouchStart: (event: TouchEvent) => {
      const touch = event.touches[0];
      swiped.current = false;
      from.current = touch === undefined || event.touches.length > 1 ? null : { x: touch.clientX, y: touch.clientY };
    },
    onTouchEnd: (event: TouchEvent) => {
      const touch = event.changedTouches[0];
      if (from.current === null || touch === undefined) return;
      const across = touch.clientX - from.current.x;
      if (Math.abs(across) < SWIPE_PX || Math.abs(across) < Math.abs(touch.clientY - from.current.y)) return;
      swiped.current = true;
      if (event.cancelable) event.preventDefault();
      turn(across < 0 ? 1 : -1);
    },
    onClickCapture: (event: Event) => {
      if (swiped.current) event.stopPropagation();
      swiped.current = false;
    },
  };
}
