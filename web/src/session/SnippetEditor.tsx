import { useEffect, useRef, useState } from "preact/hooks";

import { withSnippet, type Quick } from "./quick";
import { words } from "./words";

/** A person's own phrases: every change holds at once. `draft` is what stands in the prompt now. */
export function SnippetEditor({ snippets, draft, choose, close }: { snippets: readonly Quick[]; draft: string; choose: (snippets: readonly Quick[]) => void; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState(draft);
  useEffect(() => dialog.current?.showModal(), []);
  const add = () => {
    choose(withSnippet(snippets, text, true));
    setText("");
  };
  return (
    <dialog class="sheet snippet-editor" ref={dialog} onClose={close} aria-labelledby="snippets-title" data-testid="snippet-editor">
      <h2 id="snippets-title">{words.snippets}</h2>
      <p>{words.snippetsHint}</p>
      <ul>
        {snippets.map((one) => (
          <li key={one.text} class="snippet">
            <span class="snippet-text">{one.text}</span>
            <label class="snippet-send"><input type="checkbox" checked={one.send} onChange={() => choose(snippets.map((other) => (other === one ? { ...one, send: !one.send } : other)))} />{words.snippetSend}</label>
            <button class="button" type="button" aria-label={`${words.keyRemove}: ${one.text}`} onClick={() => choose(snippets.filter((other) => other !== one))} data-testid="snippet-remove">✕</button>
          </li>
        ))}
      </ul>
      <textarea rows={2} value={text} aria-label={words.snippetNew} placeholder={words.snippetNew} onInput={(event) => setText(event.currentTarget.value)} data-testid="snippet-text" />
      <div class="sheet-acts">
        <button class="button" type="button" disabled={text.trim() === ""} onClick={add} data-testid="snippet-add">{words.snippetAdd}</button>
        <button class="button primary" type="button" onClick={() => dialog.current?.close()} data-testid="snippets-done">{words.done}</button>
      </div>
    </dialog>
  );
}
