import type { Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { visible } from "../session/kept";
import { text } from "../strings";

/** What needs somebody's yes before it happens. */
export type Question =
  | { readonly kind: "link"; readonly address: string }
  | { readonly kind: "paste"; readonly text: string; readonly paste: () => void };

const PREVIEW_LINES = 12;
const LINE_CHARS = 200;

/** Asks, with everything to see that the answer is about. Escape is no. */
export function Sheet({ question }: { question: Signal<Question | null> }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const asked = question.value;
  useEffect(() => {
    if (asked !== null && dialog.current?.open === false) dialog.current.showModal();
  }, [asked]);
  const close = () => { question.value = null; }; // prettier-ignore
  const yes = () => {
    close();
    if (asked?.kind === "link") window.open(asked.address, "_blank", "noopener,noreferrer");
    else asked?.paste();
  };
  if (asked === null) return null;
  const [title, hint, shown, act] = words(asked);
  return (
    <dialog class="sheet" ref={dialog} onClose={close} aria-labelledby="sheet-title" data-testid="sheet" data-kind={asked.kind}>
      <h2 id="sheet-title">{title}</h2>
      <p>{hint}</p>
      <pre data-testid="sheet-text" tabIndex={0}>{shown}</pre>
      <div class="sheet-acts">
        <button class="button" type="button" onClick={close} data-testid="sheet-no">{text.cancel}</button>
        <button class="button primary" type="button" onClick={yes} data-testid="sheet-yes">{act}</button>
      </div>
    </dialog>
  );
}

function words(asked: Question): readonly [string, string, string, string] {
  if (asked.kind === "link") return [text.openLink, text.openLinkHint, asked.address, text.open];
  const lines = asked.text.split("\n");
  const shown = lines.slice(0, PREVIEW_LINES).map((line) => visible(line, LINE_CHARS));
  if (lines.length > PREVIEW_LINES) shown.push("…");
  return [text.pasteLines(lines.length), text.pasteLinesHint, shown.join("\n"), text.paste];
}
