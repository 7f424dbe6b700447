import "../styles/compose.css";

import type { Signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

import { text } from "../strings";
import type { Attachment } from "./attachment";
import { PictureButton } from "./Pictures";
import { picturesIn } from "./enclosing";
import { asInput, keepDraft, leaves, loadHistory, saveHistory } from "./compose";

const QUICK = ["y", "n", "1", "2", "3", "continue"] as const;

/**
 * A line to write a prompt in, with the whole help of the keyboard: input methods, dictation, several lines. `send`
 * types it into the terminal; false when it was not taken, and then it stays.
 */
export function ComposeLine({ attachment, draft: written, coarse, send, close, pictures }: { attachment: Attachment; draft: Signal<string>; coarse: boolean; send: (text: string, enter: string) => boolean; close: () => void; pictures: (files: readonly File[]) => void }) {
  const draft = written.value;
  const [history] = useState(loadHistory);
  const field = useRef<HTMLTextAreaElement>(null);
  const live = attachment.connection.status.value.state === "live" && attachment.ending.value === null;
  const controls = attachment.mode.value === "control";
  const asked = (attachment.view.value?.approvals.length ?? 0) > 0;
  const ready = live && controls && !asked;
  const why = !live ? text.compose.offline : !controls ? text.compose.observing : asked ? text.compose.asked : "";

  const write = (words: string) => {
    written.value = words;
    keepDraft(attachment.session, words);
  };
  // As high as what is in it, as far as the style lets it.
  useEffect(() => {
    const area = field.current;
    if (area === null) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  }, [draft]);

  const submit = (words: string, enter: boolean) => {
    if (!ready) return;
    const input = asInput(words, attachment.bracketed());
    if (!send(input.text, enter ? input.enter : "")) return;
    history.add(words);
    saveHistory(history);
    if (words === draft) write("");
  };
  const keys = (event: KeyboardEvent) => {
    // While an input method is at work, Enter and the arrows are its own.
    if (event.isComposing) return;
    const area = event.currentTarget as HTMLTextAreaElement;
    const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    if (event.key === "Enter" && !event.shiftKey && (!coarse || event.ctrlKey)) {
      event.preventDefault();
      submit(draft, true);
    } else if (by !== 0 && area.selectionStart === area.selectionEnd && leaves(draft, area.selectionStart, by)) {
      event.preventDefault();
      write(history.step(by, draft));
    } else if (event.key === "Escape") close();
  };
  const paste = (event: ClipboardEvent) => {
    const found = picturesIn(event.clipboardData);
    if (found.length === 0) return;
    event.preventDefault();
    pictures(found);
  };
  return (
    <form class="compose" data-testid="compose" data-ready={ready} onSubmit={(event) => { event.preventDefault(); submit(draft, true); }}>
      {/* Said, and shown where there is room that is there anyway: the terminal keeps its size. */}
      <p class="compose-why" role="status" data-testid="compose-why">{why}</p>
      <div class="quick" role="group" aria-label={text.compose.quick}>
        {QUICK.map((words) => <button key={words} class="chip-button" type="button" disabled={!ready} onClick={() => submit(words, true)} data-testid="quick">{words}</button>)}
        <button class="chip-button" type="button" onClick={close} data-testid="direct">{text.compose.direct}</button>
      </div>
      <div class="compose-row">
        <PictureButton disabled={!live || !controls} give={pictures} />
        <textarea
          ref={field} rows={1} value={draft} placeholder={why || text.compose.placeholder} aria-label={text.compose.label} data-testid="compose-text"
          autocapitalize="sentences" onInput={(event) => write(event.currentTarget.value)} onKeyDown={keys} onPaste={paste}
        />
        <button class="button" type="button" disabled={!ready || draft === ""} title={text.compose.insertHint} data-testid="insert" onClick={() => submit(draft, false)}>{text.compose.insert}</button>
        <button class="button primary" type="submit" disabled={!ready} data-testid="send">{text.send}</button>
      </div>
    </form>
  );
}
