/** How a session ended, from its last event or from its record. Pure. */
import type { Exited, Lost } from "../wire.gen";

export type Ending =
  | { readonly kind: "exited"; readonly code: number | null }
  | { readonly kind: "killed"; readonly signal: number }
  | { readonly kind: "stopped"; readonly by: string }
  | { readonly kind: "lost"; readonly cause: string };

export function endingOf(event: Exited | Lost): Ending {
  if (event.tag === "lost") return { kind: "lost", cause: event.cause };
  return fromExit(event.code, event.signal, event.stopped_by);
}

/** From a record; null while the session lives. */
export function endingOfView(view: {
  readonly state: string;
  readonly detail: string;
  readonly exit_code: number | null;
  readonly exit_signal: number | null;
  readonly stopped_by: string;
}): Ending | null {
  switch (view.state) {
    case "lost":
      return { kind: "lost", cause: view.detail };
    case "exited":
    case "stopped":
      return fromExit(view.exit_code, view.exit_signal, view.stopped_by);
    default:
      return null;
  }
}

function fromExit(code: number | null, signal: number | null, by: string): Ending {
  if (by !== "") return { kind: "stopped", by };
  return signal === null ? { kind: "exited", code } : { kind: "killed", signal };
}

const SIGNALS: Readonly<Record<number, string>> = {
  1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 6: "ABRT", 8: "FPE", 9: "KILL", 11: "SEGV", 13: "PIPE", 14: "ALRM", 15: "TERM",
};

/** "SIGKILL", or "signal 64" for one without a common name. */
export function signalName(signal: number): string {
  const name = SIGNALS[signal];
  return name === undefined ? `signal ${signal}` : `SIG${name}`;
}
