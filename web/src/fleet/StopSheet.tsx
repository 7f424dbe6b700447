import { useEffect, useRef, useState } from "preact/hooks";

import { stopSession, type SessionInfo } from "../net/api";
import { text } from "../strings";
import { refresh } from "./watch";
import { titleOf } from "./words";

/** Asks before a session is ended; focus is on the harmless answer, and goes back to where it was. */
export function StopSheet({ session, close }: { session: SessionInfo; close: () => void }) {
  const sheet = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => sheet.current?.showModal(), []);
  const stop = async () => {
    const answer = await stopSession(session.id);
    if (!answer.ok) return setProblem(text.fleet.stopFailed(answer.failure.kind === "refused" ? answer.failure.message : text.listFailed));
    refresh();
    sheet.current?.close();
  };
  const closed = () => {
    close();
    // Back to where it was asked for; a row that is gone leaves the list.
    const menu = document.querySelector<HTMLElement>(`[popovertarget="menu-${session.id}"]`);
    (menu?.checkVisibility?.() ? menu : document.querySelector<HTMLElement>("[data-testid=filter]"))?.focus();
  };
  return (
    <dialog class="sheet" ref={sheet} onClose={closed} data-testid="stop-sheet" aria-labelledby="stop-title">
      <h2 id="stop-title">{text.fleet.stopTitle(titleOf(session))}</h2>
      <p>{text.fleet.stopHint}</p>
      <p class="problem" role="alert">{problem}</p>
      <div class="sheet-acts">
        <button class="button" type="button" autofocus onClick={() => sheet.current?.close()}>{text.cancel}</button>
        <button class="button danger" type="button" onClick={() => void stop()} data-testid="stop-sure">{text.fleet.stop}</button>
      </div>
    </dialog>
  );
}
