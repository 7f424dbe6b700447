import "../styles/compose.css";

import type { Signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

import { text } from "../strings";
import type { Attachment } from "./attachment";
import { asInput, keepDraft, leaves, loadHistory, saveHistory } from "./compose";
import { picturesIn } from "./enclosing";
import type { Quick } from "./quick";
import { QuickReplies } from "./QuickReplies";

export interface ComposeLineProps {
  readonly attachment: Attachment;
  readonly draft: Signal<string>;
  readonly coarse: boolean;
  /** Type it into the terminal; false when it was not taken. */
  send(text: string, enter: string): boolean;
  pictures(files: readonly File[]): void;
  close(): void;
}

// What a key event of an input method says where it does not say that it is composing.
const IME_KEY = 229;
const GROWS = typeof CSS !== "undefined" && CSS.supports("field-sizing", "content");

/**
 * A line to write a prompt in, with the whole help of the keyboard: input methods, dictation, several lines. What was
 * sent stays in it until the session's worker has it.
 */
export function ComposeLine(props: ComposeLineProps) {
  const { attachment, coarse, close, pictures } = props;
  const draft = props.draft.value;
  const [history] = useState(loadHistory);
  const [sent, setSent] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const { ready, why, controls } = standing(attachment);
  const write = (words: string) => {
    props.draft.value = words;
    keepDraft(attachment.session, words);
  };
  useGrowth(field, draft);
  const waiting = attachment.typist.waiting.value;
  useEffect(() => {
    if (sent === "" || waiting > 0) return;
    if (props.draft.peek() === sent) write("");
    setSent("");
  }, [sent, waiting]);

  const submit = (words: string, enter: boolean) => {
    if (!ready || sent !== "") return;
    const input = asInput(words, attachment.bracketed());
    if (!props.send(input.text, enter ? input.enter : "")) return;
    history.add(words);
    saveHistory(history);
    if (words === draft) setSent(words);
  };
  const reply = (quick: Quick) => {
    // One key chooses in a dialog: as a paste it would not.
    if (Array.from(quick.text).length === 1) props.send(quick.text, quick.send ? "\r" : "");
    else if (quick.send) submit(quick.text, true);
    else write([draft, quick.text].filter((part) => part !== "").join(" "));
  };
  const keys = (event: KeyboardEvent) => {
    // While an input method is at work, Enter and the arrows are its own.
    if (event.isComposing || event.keyCode === IME_KEY) return;
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
      <QuickReplies attachment={attachment} ready={ready} draft={draft} reply={reply} earlier={() => write(history.step(-1, draft))} controls={controls} pictures={pictures} close={close} />
      <div class="compose-row">
        <textarea
          ref={field} rows={1} value={draft} readOnly={sent !== ""} placeholder={why || text.compose.placeholder} aria-label={text.compose.label} data-testid="compose-text"
          autocapitalize="sentences" enterkeyhint="enter" onInput={(event) => write(event.currentTarget.value)} onKeyDown={keys} onPaste={paste}
        />
        <button class="button" type="button" disabled={!ready || draft === ""} title={text.compose.insertHint} data-testid="insert" onClick={() => submit(draft, false)}>{text.compose.insert}</button>
        <button class="button primary" type="submit" disabled={!ready} data-testid="send">{text.send}</button>
      </div>
    </form>
  );
}

/** May what is written be sent now, and if not, why. */
function standing(attachment: Attachment): { readonly ready: boolean; readonly controls: boolean; readonly why: string } {
  const live = attachment.connection.status.value.state === "live" && attachment.ending.value === null;
  const controls = live && attachment.mode.value === "control";
  const asked = (attachment.view.value?.approvals.length ?? 0) > 0;
  const why = !live ? text.compose.offline : !controls ? text.compose.observing : asked ? text.compose.asked : "";
  return { ready: controls && !asked, controls, why };
}

/** As high as what is in it, as far as the style lets it; newer browsers do so by themselves. */
function useGrowth(field: { readonly current: HTMLTextAreaElement | null }, draft: string): void {
  useEffect(() => {
    const area = field.current;
    if (area === null || GROWS) return;
    area.style.height = "auto";
    // What it says while it is empty does not make it grow: the session's size would change with who controls.
    if (draft !== "") area.style.height = `${area.scrollHeight + 2}px`;
  }, [draft]);
}
