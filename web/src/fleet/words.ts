/** What a row says of its session, in the reader's words. */
import type { Activity, SessionInfo } from "../net/api";
import { endingOfView, signalName } from "../session/ending";
import { text } from "../strings";
import { needsAttention } from "./attention";

/** State as a sign, a word, and a class for its colour. Never one of them alone. */
export interface Shown {
  readonly glyph: string;
  readonly words: string;
  readonly tone: "waiting" | "bad" | "busy" | "calm" | "over";
}

/** What of a session is looked at. */
export interface Stated {
  readonly state: string;
  readonly detail: string;
  readonly exit_code: number | null;
  readonly exit_signal: number | null;
  readonly stopped_by: string;
  readonly activity?: Pick<Activity, "state" | "detail"> | null;
  readonly approvals?: readonly string[];
}

const REASONS: Readonly<Record<string, string>> = { approval: "!", question: "?", plan: "≡", terminal: "▮", error: "✖", lost: "✖", unresponsive: "…" };
const DOING: Readonly<Record<string, readonly [string, Shown["tone"]]>> = {
  starting: ["◌", "busy"], working: ["●", "busy"], idle: ["○", "calm"], done: ["✓", "calm"],
};

export function shown(session: Stated): Shown {
  const ending = endingOfView(session);
  if (ending !== null) {
    if (ending.kind === "lost") return { glyph: "✖", words: text.stateWords["lost"] ?? "lost", tone: "bad" };
    if (ending.kind === "exited" && ending.code !== null) return { glyph: ending.code === 0 ? "■" : "✖", words: text.exited(ending.code), tone: ending.code === 0 ? "over" : "bad" };
    if (ending.kind === "killed") return { glyph: "✖", words: text.killed(signalName(ending.signal)), tone: "bad" };
    return { glyph: "■", words: text.stateWords[session.state] ?? session.state, tone: "over" };
  }
  const reason = needsAttention(session);
  if (reason !== null) return { glyph: REASONS[reason] ?? "!", words: text.attentionWords[reason] ?? reason, tone: reason === "error" ? "bad" : "waiting" };
  const doing = session.activity?.state ?? "";
  const known = DOING[doing];
  // A process that is in trouble says so whatever its agent did last.
  if (known !== undefined && session.state === "running") return { glyph: known[0], words: text.activityWords[doing] ?? doing, tone: known[1] };
  return { glyph: session.state === "running" ? "●" : "…", words: text.stateWords[session.state] ?? session.state, tone: session.state === "running" ? "calm" : "waiting" };
}

/** What a session is called. */
export function titleOf(session: SessionInfo): string {
  return session.title || session.provider || text.untitled;
}
