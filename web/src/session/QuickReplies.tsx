import { useState } from "preact/hooks";

import { text } from "../strings";
import { PictureButton } from "./Pictures";
import { loadSnippets, repliesTo, saveSnippets, shortOf, type Quick } from "./quick";
import { SnippetEditor } from "./SnippetEditor";
import type { Attachment } from "./attachment";
import { words } from "./words";

export interface QuickRepliesProps {
  readonly attachment: Attachment;
  readonly ready: boolean;
  readonly draft: string;
  /** Type this; false when it was not taken. */
  reply(quick: Quick): void;
  /** Put the prompt before the one that is shown into the line. */
  earlier(): void;
  readonly controls: boolean;
  pictures(files: readonly File[]): void;
  close(): void;
}

/** What one touch answers, beside the line for prompts. */
export function QuickReplies({ attachment, ready, draft, reply, earlier, controls, pictures, close }: QuickRepliesProps) {
  const [snippets, setSnippets] = useState(loadSnippets);
  const [editing, setEditing] = useState(false);
  const view = attachment.view.value;
  const replies = view === null ? [] : repliesTo(view);
  const choose = (chosen: readonly Quick[]) => {
    saveSnippets(chosen);
    setSnippets(chosen);
  };
  const chip = (quick: Quick, kind: string) => (
    <button key={`${kind} ${quick.text}`} class="chip-button" type="button" disabled={!ready} title={quick.text} onClick={() => reply(quick)} data-testid={kind}>{shortOf(quick.text)}</button>
  );
  return (
    <div class="quick-row">
      <PictureButton disabled={!controls} give={pictures} />
      <div class="quick" role="group" aria-label={text.compose.quick}>
        {replies.map((quick) => chip(quick, "quick"))}
        <button class="chip-button" type="button" aria-label={words.earlierPrompt} title={words.earlierPrompt} onClick={earlier} data-testid="earlier">↶</button>
        {snippets.map((quick) => chip(quick, "snippet"))}
        <button class="chip-button" type="button" aria-label={words.snippets} title={words.snippets} onClick={() => setEditing(true)} data-testid="snippets-edit">✎</button>
      </div>
      <button class="chip-button quick-direct" type="button" onClick={close} data-testid="direct">{text.compose.direct}</button>
      {editing && <SnippetEditor snippets={snippets} draft={draft} choose={choose} close={() => setEditing(false)} />}
    </div>
  );
}
