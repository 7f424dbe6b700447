import { text } from "../strings";
import { LEAVE_KEY } from "../terminal/leave";
import type { Attachment } from "./attachment";
import { PictureButton } from "./Pictures";
import { words } from "./words";

export interface StatusLineProps {
  readonly attachment: Attachment;
  readonly coarse: boolean;
  readonly composing: boolean;
  compose(): void;
  fit(): void;
  zoom(by: number): void;
  pictures(files: readonly File[]): void;
}

/** The session's size and whose it is, and how this page is connected. */
export function StatusLine({ attachment, coarse, composing, compose, fit, zoom, pictures }: StatusLineProps) {
  const transport = attachment.connection.transport.value;
  const over = attachment.ending.value !== null;
  return (
    <footer class="status">
      <SizeState attachment={attachment} fit={fit} />
      <span class="status-gap" />
      {!coarse && <span class="status-leave" data-testid="leave-hint">{words.leaveHint(LEAVE_KEY)}</span>}
      {!coarse && (
        <span class="status-font" role="group" aria-label={words.font}>
          <button class="button tiny" type="button" aria-label={`A− ${words.fontSmaller}`} title={words.fontSmaller} onClick={() => zoom(-1)} data-testid="font-down">A−</button>
          <button class="button tiny" type="button" aria-label={`A+ ${words.fontLarger}`} title={words.fontLarger} onClick={() => zoom(1)} data-testid="font-up">A+</button>
        </span>
      )}
      {!composing && !over && <PictureButton small disabled={attachment.mode.value !== "control"} give={pictures} />}
      {!composing && !over && <button class="button tiny" type="button" onClick={compose} data-testid="compose-on">{text.compose.open}</button>}
      <span class="status-transport" data-testid="transport" data-transport={transport} title={text.transportHint[transport]}>{text.transports[transport]}</span>
    </footer>
  );
}

/** The size; where it is not this page's, whose; and, for who controls, how to make it so or leave it alone. */
function SizeState({ attachment, fit }: { attachment: Attachment; fit: () => void }) {
  const { cols, rows } = attachment.pty.value;
  const { fits, locked, owner } = attachment.shape;
  const may = attachment.mode.value === "control" && attachment.connection.status.value.state === "live";
  const over = attachment.ending.value !== null;
  const other = owner.value === "" ? words.sizeElsewhere(cols, rows) : words.sizeOf(cols, rows, owner.value);
  return (
    <>
      <span class="status-size" data-testid="size" data-fits={fits.value} data-owner={owner.value} title={owner.value}>{fits.value ? words.size(cols, rows) : other}</span>
      {!fits.value && !over && <button class="button tiny" type="button" disabled={!may} title={words.fitHint} onClick={fit} data-testid="fit">{words.fit}</button>}
      {may && !over && (
        <button class="button tiny" type="button" aria-pressed={locked.value} title={words.lockSizeHint} onClick={() => attachment.shape.lock(!locked.value)} data-testid="lock-size">{words.lockSize}</button>
      )}
    </>
  );
}
