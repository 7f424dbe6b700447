import type { Attachment } from "../session/attachment";
import { text } from "../strings";

/** What was typed and could not be sent: it waits here for a decision. */
export function Kept({ attachment }: { attachment: Attachment }) {
  const kept = attachment.typist.kept.value;
  if (kept.bytes === 0) return null;
  const live = attachment.connection.status.value.state === "live";
  const controls = attachment.mode.value === "control";
  const over = attachment.ending.value !== null;
  return (
    <div class="kept" data-testid="kept" role="status" aria-live="polite">
      <span class="kept-words">
        {!over && !(live && controls) && <span class="kept-why">{live ? text.keptObserving : text.keptOffline} </span>}
        {text.kept} <code data-testid="kept-text">{kept.preview}</code>
      </span>
      <span class="kept-acts">
        {!over && !controls && <button class="button small primary" type="button" disabled={!live} onClick={() => attachment.takeControl()}>{text.takeControl}</button>}
        {!over && controls && <button class="button small primary" type="button" disabled={!live} onClick={() => attachment.sendKept()} data-testid="kept-send">{text.send}</button>}
        <button class="button small" type="button" onClick={() => attachment.typist.takeKept()} data-testid="kept-discard">{text.discard}</button>
      </span>
    </div>
  );
}
