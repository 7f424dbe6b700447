import "../styles/touch.css";

import type { Signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { copyText } from "../terminal/clipboard";
import type { Screen } from "../terminal/screen";
import { words } from "./words";

/** What is selected by touch, and at which end of the terminal there is room to say so. */
export interface Selected {
  readonly text: string;
  readonly end: "top" | "bottom";
}

const TOLD_MS = 1_500;

/** What can be done with what is selected. `prompt` takes it into the line for prompts. */
export function SelectionBar({ selected, screen, prompt }: { selected: Signal<Selected | null>; screen: Screen; prompt: ((text: string) => void) | null }) {
  const [told, setTold] = useState("");
  useEffect(() => {
    if (told === "") return;
    const timer = setTimeout(() => setTold(""), TOLD_MS);
    return () => clearTimeout(timer);
  }, [told]);
  const now = selected.value;
  const copy = async (text: string) => {
    const done = await copyText(text);
    if (done) screen.unselect();
    setTold(done ? words.copied : words.notCopied);
  };
  const share = (text: string) => void navigator.share({ text }).then(() => screen.unselect(), () => undefined);
  return (
    <div class="selection-place" data-end={now?.end ?? "bottom"}>
      <p class="selection-told" role="status" data-shown={told !== ""} data-testid="selection-told">{told}</p>
      {now !== null && (
        <div class="selection" role="toolbar" aria-label={words.selection} data-testid="selection">
          <button class="button primary" type="button" onClick={() => void copy(now.text)} data-testid="selection-copy">{words.copy}</button>
          {"share" in navigator && <button class="button" type="button" onClick={() => share(now.text)}>{words.share}</button>}
          {prompt !== null && <button class="button" type="button" onClick={() => { prompt(now.text); screen.unselect(); }} data-testid="selection-prompt">{words.toPrompt}</button>}
          <button class="button" type="button" onClick={() => screen.selectScreen()} data-testid="selection-all">{words.selectScreen}</button>
          <button class="button" type="button" onClick={() => screen.unselect()} aria-label={words.unselect} title={words.unselect} data-testid="selection-off">✕</button>
        </div>
      )}
    </div>
  );
}
