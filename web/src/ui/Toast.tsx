import { useEffect, useState } from "preact/hooks";

import type { Attachment } from "../session/attachment";
import type { Notice } from "../session/display";
import { text } from "../strings";

const SHOWN_MS = 6_000;
// What waits for a decision stays longer.
const ASKED_MS = 20_000;

/** Tells once what happened, with what can be done about it. */
export function Toast({ attachment }: { attachment: Attachment }) {
  const notice = attachment.notice.value;
  const [hidden, setHidden] = useState(0);
  const act = notice === null ? null : action(notice, attachment);
  useEffect(() => {
    if (notice === null) return;
    const timer = setTimeout(() => setHidden(notice.serial), act === null ? SHOWN_MS : ASKED_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  const shown = notice !== null && notice.serial !== hidden;
  const hide = () => { if (notice !== null) setHidden(notice.serial); }; // prettier-ignore
  return (
    <div class="toast-place" role="status" aria-live="polite">
      {shown && (
        <div class="toast">
          <button class="toast-words" type="button" data-testid="notice" data-kind={notice.kind} onClick={hide}>
            {words(notice)}
          </button>
          {act !== null && (
            <button class="button small primary" type="button" data-testid="notice-act" onClick={() => { act.run(); hide(); }}>{act.name}</button>
          )}
        </div>
      )}
    </div>
  );
}

function action(notice: Notice, attachment: Attachment): { readonly name: string; run(): void } | null {
  switch (notice.kind) {
    case "displaced":
      // Whoever took it back meanwhile by another button needs no second one.
      return attachment.mode.value === "control" ? null : { name: text.takeBack, run: () => attachment.takeControl() };
    case "clipboard":
      return { name: text.copy, run: () => void navigator.clipboard?.writeText(attachment.clip.value) };
    default:
      return null;
  }
}

function words(notice: Notice): string {
  switch (notice.kind) {
    case "displaced":
      return text.displaced(notice.text);
    case "released":
      return text.released;
    case "regained":
      return text.regained;
    case "too-much":
      return text.tooMuch;
    case "gap":
      return text.gap;
    case "stalled":
      return text.stalled;
    case "resumed":
      return text.resumed;
    case "cut":
      return text.cut;
    case "skipped":
      return text.skipped(notice.text);
    case "clipboard":
      return text.clipboard(notice.text);
    case "refused":
      return [notice.text, notice.hint].filter((part) => part !== undefined && part !== "").join(". ");
  }
}
