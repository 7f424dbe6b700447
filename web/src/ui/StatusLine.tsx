import type { Attachment } from "../session/attachment";
import { text } from "../strings";

/** The session's size and whose it is, and how this page is connected. */
export function StatusLine({ attachment, fit, composing, compose }: { attachment: Attachment; fit: () => void; composing: boolean; compose: () => void }) {
  const { cols, rows } = attachment.pty.value;
  const fits = attachment.shape.fits.value;
  const transport = attachment.connection.transport.value;
  const canFit = attachment.mode.value === "control" && attachment.connection.status.value.state === "live";
  return (
    <footer class="status">
      <span class="status-size" data-testid="size" data-fits={fits}>{fits ? text.size(cols, rows) : text.sizeElsewhere(cols, rows)}</span>
      {!fits && attachment.ending.value === null && (
        <button class="button tiny" type="button" disabled={!canFit} title={text.fitHint} onClick={fit} data-testid="fit">{text.fit}</button>
      )}
      <span class="status-gap" />
      {!composing && attachment.ending.value === null && <button class="button tiny" type="button" onClick={compose} data-testid="compose-on">{text.compose.open}</button>}
      <span class="status-transport" data-testid="transport" data-transport={transport} title={text.transportHint[transport]}>{text.transports[transport]}</span>
    </footer>
  );
}
