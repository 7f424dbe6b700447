import { useEffect, useState } from "preact/hooks";

import type { Attachment } from "../session/attachment";
import type { Notice } from "../session/display";
import { text } from "../strings";

const SHOWN_MS = 6_000;

/** Tells once what happened. */
export function Toast({ attachment }: { attachment: Attachment }) {
  const notice = attachment.notice.value;
  const [hidden, setHidden] = useState(0);
  useEffect(() => {
    if (notice === null) return;
    const timer = setTimeout(() => setHidden(notice.serial), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  const shown = notice !== null && notice.serial !== hidden;
  return (
    <div class="toast-place" role="status" aria-live="polite">
      {shown && (
        <button class="toast" type="button" data-testid="notice" data-kind={notice.kind} onClick={() => setHidden(notice.serial)}>
          {words(notice)}
        </button>
      )}
    </div>
  );
}

function words(notice: Notice): string {
  switch (notice.kind) {
    case "displaced":
      return text.displaced(notice.text);
    case "released":
      return text.released;
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
    case "refused":
      return [notice.text, notice.hint].filter((part) => part !== undefined && part !== "").join(". ");
  }
}
