/** What agents ask, as the API tells it, and what can be said about it without a page. */
import { get, post, type Answer } from "../net/api";
import type { Approval as Record, Question } from "../wire.gen";

/** The record as the API tells it: the protocol's, with its bytes as text and what is the gateway's own left out. */
export interface Approval extends Omit<Record, "exact" | "key" | "parts" | "sid"> {
  readonly exact: string;
  readonly session_title: string;
  readonly cwd: string;
}

export interface Decision {
  readonly decision: "allow" | "deny" | "answer";
  readonly scope?: "once" | "session";
  readonly reason?: string;
  readonly answers?: { readonly [question: string]: string };
}

/** What waits, the oldest first; with `all` what was decided too. */
export function listApprovals(all: boolean): Promise<Answer<readonly Approval[]>> {
  return get(`/api/v1/approvals?state=${all ? "all" : "pending"}`, (body) => (body as { approvals: Approval[] }).approvals);
}

/** One of them, whole. */
export function getApproval(id: string): Promise<Answer<Approval>> {
  return get(`/api/v1/approvals/${encodeURIComponent(id)}`, (body) => (body as { approval: Approval }).approval);
}

/** Decide on exactly what was shown. A failure of status 409 means that somebody else was first, or that it changed. */
export function decide(shown: Approval, decision: Decision): Promise<Answer<null>> {
  return post(`/api/v1/approvals/${encodeURIComponent(shown.id)}/decision`, { ...decision, sha256: shown.sha256 }, () => null);
}

/** What agents may do without asking: for a session, by the owner's rules, by their own settings. */
export interface Grants {
  readonly grants: readonly { readonly id: string; readonly session: string; readonly session_title: string; readonly agent: string; readonly what: string; readonly by: string }[];
  readonly rules: readonly { readonly name: string; readonly agent: readonly string[]; readonly about: readonly string[] }[];
  readonly rules_file: string;
  readonly rules_problem: string;
  readonly agents: readonly { readonly agent: string; readonly what: string; readonly file: string; readonly line: number }[];
}

export function listGrants(): Promise<Answer<Grants>> {
  return get("/api/v1/grants", (body) => body as Grants);
}

/** What was allowed for a session is asked again. */
export function undo(grant: string): Promise<Answer<null>> {
  return post(`/api/v1/approvals/${encodeURIComponent(grant)}/decision`, { decision: "undo" }, () => null);
}

const SHOWN_CHARS = 500_000;

/** The text of what is asked, and how much of it is not shown. A diff says more than the bytes that it makes. */
export function bodyOf(approval: Approval): { readonly text: string; readonly diff: boolean; readonly more: number } {
  const diff = approval.diff !== "";
  const whole = (diff ? approval.diff : approval.exact).replace(/\n$/, "");
  return { text: whole.slice(0, SHOWN_CHARS), diff, more: Math.max(0, whole.length - SHOWN_CHARS) + approval.cut };
}

/** Does the agent take "yes, for the session"? One that says nothing of its choices takes all of the usual ones. */
export function offersSession(approval: Approval): boolean {
  return approval.kind !== "plan" && (approval.options.length === 0 || approval.options.some((option) => option.id === "session"));
}

/** A line of a unified diff by what it is. */
export function lineKind(line: string): "add" | "del" | "hunk" | "file" | "same" {
  if (line.startsWith("+++") || line.startsWith("---") || line.startsWith("diff ")) return "file";
  if (line.startsWith("@@")) return "hunk";
  return line.startsWith("+") ? "add" : line.startsWith("-") ? "del" : "same";
}

/** The answers in the form that the gateway wants: by question, several joined. Null while one is missing. */
export function answersOf(questions: readonly Question[], chosen: ReadonlyMap<string, readonly string[]>): { [question: string]: string } | null {
  const answers: { [question: string]: string } = {};
  for (const question of questions) {
    const given = (chosen.get(question.text) ?? []).filter((one) => one.trim() !== "");
    if (given.length === 0) return null;
    answers[question.text] = given.join(", ");
  }
  return answers;
}
