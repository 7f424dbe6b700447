import { useState } from "preact/hooks";

import { refresh } from "../fleet/watch";
import { login } from "../net/api";
import { ticketIn } from "../net/ticket";
import { text } from "../strings";

/** Ask for a link of the gateway's owner. `session` is the id whose link to ask for, "" for any. */
export function SignIn({ session, refusal, done }: { session: string; refusal?: string; done: () => void }) {
  const [problem, setProblem] = useState(refusal ?? "");
  const [busy, setBusy] = useState(false);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem("ticket") as HTMLInputElement;
    const ticket = ticketIn(field.value);
    if (ticket === "") return setProblem(text.ticketEmpty);
    setBusy(true);
    const answer = await login(ticket);
    setBusy(false);
    if (answer.ok) {
      refresh();
      return done();
    }
    const failure = answer.failure;
    setProblem(failure.kind === "refused" ? [failure.message, failure.hint].filter((part) => part !== "").join(". ") : text.gatewayStopped);
  };

  return (
    <main class="splash" data-testid="sign-in" data-state="signed-out">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <h1>{text.signedOut}</h1>
        <p>{text.signedOutHint(session)}</p>
        <label>
          <span>{text.ticketLabel}</span>
          <input name="ticket" type="text" autocomplete="off" autocapitalize="none" spellcheck={false} data-testid="ticket" />
        </label>
        <p class="problem" role="alert">{problem}</p>
        <button class="button primary" type="submit" disabled={busy}>{text.signIn}</button>
      </form>
    </main>
  );
}
