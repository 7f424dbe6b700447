/** Whether a session needs a person: the browser's twin of tether/attention.py, held to the same cases by a test. */

export type Reason = "approval" | "question" | "plan" | "terminal" | "error" | "lost" | "unresponsive";

/** What is asked of a session's row. */
export interface Attended {
  readonly state: string;
  readonly activity?: { readonly state: string; readonly detail: string } | null;
  readonly approvals?: readonly string[];
}

const WAITS: readonly string[] = ["approval", "question", "plan", "terminal"];

/** The reason, or null. The most urgent one. */
export function needsAttention(row: Attended): Reason | null {
  if (row.state === "lost") return "lost";
  if (row.state === "exited" || row.state === "stopped") return null;
  const doing = row.activity?.state;
  const detail = row.activity?.detail ?? "";
  if ((row.approvals?.length ?? 0) > 0) return doing === "waiting" && (detail === "question" || detail === "plan") ? detail : "approval";
  if (doing === "waiting") return WAITS.includes(detail) ? (detail as Reason) : "terminal";
  if (doing === "error") return "error";
  return row.state === "unresponsive" ? "unresponsive" : null;
}
