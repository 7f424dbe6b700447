import type { Signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Attachment } from "./attachment";
import { clientId, toHex } from "./identity";
import { asTyped, bytesOf, picturesIn, sendPicture } from "./enclosing";
import { words } from "./words";

/** Gives pictures to the agent, one after the other: `typed` gets the path of each. Tells of what was not taken. */
export function givePictures(attachment: Attachment, sending: Signal<number | null>, typed: (path: string) => void) {
  return async (files: readonly File[]): Promise<void> => {
    for (const file of files) {
      if (attachment.mode.value !== "control") return attachment.told.tell("refused", words.pictureObserving);
      sending.value = 0;
      const data = await bytesOf(file);
      const answer = await sendPicture(attachment.session, toHex(await clientId()), data, (share) => { sending.value = share; });
      sending.value = null;
      if (answer.ok) typed(asTyped(answer.value));
      else if (answer.failure.kind === "unreachable") return attachment.told.tell("refused", words.pictureUnreachable);
      else return attachment.told.tell("refused", words.pictureRefused(answer.failure.message), answer.failure.hint);
    }
  };
}

/** Over the terminal: that a picture may be dropped there, and how far one is on its way. */
export function PictureState({ area, sending, give }: { area: HTMLElement | null; sending: Signal<number | null>; give: (files: readonly File[]) => void }) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (area === null) return;
    const stop = new AbortController();
    const { signal } = stop;
    const holds = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;
    area.addEventListener("dragover", (event) => {
      if (!holds(event)) return;
      event.preventDefault();
      setOver(true);
    }, { signal }); // prettier-ignore
    area.addEventListener("dragleave", (event) => { if (!area.contains(event.relatedTarget as Node | null)) setOver(false); }, { signal });
    area.addEventListener("drop", (event) => {
      if (!holds(event)) return;
      event.preventDefault();
      setOver(false);
      give(picturesIn(event.dataTransfer));
    }, { signal }); // prettier-ignore
    return () => stop.abort();
  }, [area]);
  const share = sending.value;
  return (
    <div class="picture-place" role="status" data-over={over} data-testid="picture-state">
      {over && <p>{words.pictureDrop}</p>}
      {share !== null && <p data-testid="picture-sending">{words.pictureSending(Math.round(share * 100))}</p>}
    </div>
  );
}

/** Chooses pictures from the device. */
export function PictureButton({ disabled, give, small = false }: { disabled: boolean; give: (files: readonly File[]) => void; small?: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  const chosen = () => {
    const files = picturesIn(input.current === null ? null : { files: input.current.files ?? new DataTransfer().files });
    give(files);
    if (input.current !== null) input.current.value = "";
  };
  return (
    <>
      <button class={small ? "button tiny" : "button picture-button"} type="button" disabled={disabled} aria-label={words.picture} title={words.pictureHint} onClick={() => input.current?.click()} data-testid="picture">
        <svg viewBox="0 0 24 24" aria-hidden="true"><rect x="3" y="4" width="18" height="16" rx="2.5" /><circle cx="9" cy="10" r="1.8" /><path d="M4 18l5.5-5 4 3.5 3-2.5 4 4" /></svg>
      </button>
      <input ref={input} type="file" accept="image/*" multiple hidden onChange={chosen} data-testid="picture-file" />
    </>
  );
}
