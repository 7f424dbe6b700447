import { useEffect, useRef, useState } from "preact/hooks";

import { moved, spare, type Slot } from "./slots";
import { words } from "./words";

/** Which keys are on the bar, and where: every change holds at once. */
export function KeyEditor({ slots, choose, close }: { slots: readonly Slot[]; choose: (slots: readonly Slot[] | null) => void; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [chosen, setChosen] = useState<Slot | null>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const at = chosen === null ? -1 : slots.indexOf(chosen);
  const move = (by: -1 | 1) => choose(moved(slots, at, by));
  const remove = () => {
    choose(slots.filter((slot) => slot !== chosen));
    setChosen(null);
  };
  return (
    <dialog class="sheet key-editor" ref={dialog} onClose={close} aria-labelledby="key-editor-title" data-testid="key-editor">
      <h2 id="key-editor-title">{words.editKeys}</h2>
      <p>{words.editKeysHint}</p>
      <div class="key-grid" role="group" aria-label={words.keysOnBar} data-testid="keys-chosen">
        {slots.map((slot) => (
          <button key={slot} class="key" type="button" aria-pressed={slot === chosen} aria-label={keyName(slot)} data-key={slot} onClick={() => setChosen(slot === chosen ? null : slot)}>{words.keys[slot]}</button>
        ))}
      </div>
      <div class="sheet-acts">
        <button class="button" type="button" disabled={at <= 0} onClick={() => move(-1)} data-testid="key-earlier">{words.keyEarlier}</button>
        <button class="button" type="button" disabled={at < 0 || at === slots.length - 1} onClick={() => move(1)} data-testid="key-later">{words.keyLater}</button>
        <button class="button" type="button" disabled={at < 0 || slots.length === 1} onClick={remove} data-testid="key-remove">{words.keyRemove}</button>
      </div>
      <h3>{words.keysSpare}</h3>
      <div class="key-grid" role="group" aria-label={words.keysSpare} data-testid="keys-spare">
        {spare(slots).map((slot) => (
          <button key={slot} class="key" type="button" aria-label={keyName(slot)} data-key={slot} onClick={() => { choose([...slots, slot]); setChosen(slot); }}>{words.keys[slot]}</button>
        ))}
        {spare(slots).length === 0 && <p>{words.keysAll}</p>}
      </div>
      <div class="sheet-acts">
        <button class="button" type="button" onClick={() => { choose(null); setChosen(null); }} data-testid="keys-reset">{words.keysReset}</button>
        <button class="button primary" type="button" onClick={() => dialog.current?.close()} data-testid="keys-done">{words.done}</button>
      </div>
    </dialog>
  );
}

function keyName(slot: Slot): string {
  return words.keys[slot] === words.keyNames[slot] ? words.keys[slot] : `${words.keys[slot]} ${words.keyNames[slot]}`;
}
