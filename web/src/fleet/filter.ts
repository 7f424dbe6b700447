/** What the filter's words mean. Pure. */
import type { SessionInfo } from "../net/api";
import { needsAttention } from "./attention";

/** One question: a text that must be somewhere in the row, or a token about one thing. */
interface Term {
  readonly field: "" | "state" | "agent";
  readonly text: string;
}

function terms(query: string): Term[] {
  return query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "")
    .map((word) => {
      const found = /^(state|agent):(.*)$/.exec(word);
      return found === null ? { field: "", text: word } : { field: found[1] as "state" | "agent", text: found[2] ?? "" };
    });
}

/** Every word that a state may be asked for by: what the process does, what the agent does, and what is wanted of us. */
function statesOf(session: SessionInfo, words: readonly string[]): string[] {
  const activity = session.activity;
  return [session.state, activity?.state ?? "", activity?.detail ?? "", needsAttention(session) === null ? "" : "attention", ...words];
}

/** Does `session` fit `query`? `words` are those that its row shows, in the reader's language. */
export function fits(session: SessionInfo, query: string, words: readonly string[]): boolean {
  const shown = [session.title, session.provider, session.id, session.cwd, session.controller, ...words].join("\n").toLowerCase();
  return terms(query).every((term) => {
    switch (term.field) {
      case "state":
        return statesOf(session, words).some((state) => state !== "" && state.toLowerCase().startsWith(term.text));
      case "agent":
        return session.provider.toLowerCase().startsWith(term.text);
      default:
        return shown.includes(term.text);
    }
  });
}
