import { useState } from "preact/hooks";

import { isLeave } from "../terminal/leave";
import { LineState } from "../ui/Banner";
import { Toast } from "../ui/Toast";
import { PictureState } from "./Pictures";
import { SelectionBar } from "./SelectionBar";
import { coarse, type Desk, type Stand } from "./stand";
import type { Places } from "./useStand";
import { words } from "./words";

export interface StageProps {
  readonly places: Places;
  readonly ready: Stand | null;
  readonly around: Desk;
  readonly hidden: boolean;
  /** Takes what was selected into the line for prompts. */
  prompt(text: string): void;
}

/** The terminal, and what is said over it. */
export function Stage({ places, ready, around, hidden, prompt }: StageProps) {
  const [left, setLeft] = useState(false);
  // Tab is the terminal's own: who has no pointer gets out by this key, to the tabs.
  const leaving = (event: KeyboardEvent) => {
    if (!isLeave(event)) return;
    event.preventDefault();
    event.stopPropagation();
    setLeft(true);
    places.root.current?.querySelector<HTMLElement>(".tab[aria-current]")?.focus();
  };
  return (
    <>
      <p class="session-said" role="status" data-testid="left">{left ? words.left : ""}</p>
      <div class="stage" hidden={hidden} onKeyDownCapture={leaving} onFocusCapture={() => setLeft(false)}>
        {ready !== null && <LineState attachment={ready.attachment} quietEnd={() => ready.screen.quietEnd()} />}
        <div class="pane" ref={places.area} data-testid="terminal">
          <div class="pane-room" ref={places.host} />
        </div>
        {ready !== null && around.up.value && around.selected.value === null && (
          <button class="to-latest" type="button" aria-label={words.toLatest} title={words.toLatest} onClick={() => ready.screen.toLatest()} onPointerDown={(event) => event.preventDefault()} data-testid="to-latest">
            <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 5v13M6 12.5l6 6 6-6" /></svg>
          </button>
        )}
        {ready !== null && <Toast attachment={ready.attachment} />}
        {ready !== null && <PictureState area={places.area.current} sending={around.sending} give={around.pictures.value} />}
        {ready !== null && coarse && <SelectionBar selected={around.selected} screen={ready.screen} prompt={ready.attachment.ending.value === null ? prompt : null} />}
      </div>
    </>
  );
}
