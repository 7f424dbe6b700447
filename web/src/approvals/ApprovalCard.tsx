import "../styles/approvals.css";

import { useRef, useState } from "preact/hooks";

import { ageOf, text } from "../strings";
import { sessionPath } from "../ui/route";
import { Body, Choices } from "./parts";
import { answersOf, bodyOf, decide, getApproval, offersSession, type Approval, type Decision } from "./records";

const GLYPHS: Readonly<Record<string, string>> = { command: "❯", edit: "±", tool: "◆", question: "?", plan: "≡" };

/**
 * One thing that an agent asks, whole, with the ways to answer. `settled` is called when it is decided, by whomever.
 * Keys while it has the focus: y allows once, n denies.
 */
export function ApprovalCard({ approval, settled, bare = false }: { approval: Approval; settled?: (now: Approval) => void; bare?: boolean }) {
  const { shown, busy, trouble, say } = useDecision(approval, settled);
  const [chosen, setChosen] = useState<ReadonlyMap<string, readonly string[]>>(new Map());
  const card = useRef<HTMLElement>(null);
  const pending = shown.state === "pending";
  const kind = text.approval.kinds[approval.kind] ?? approval.kind;
  const keys = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || (event.target as Element).closest("input, textarea")) return;
    const button = card.current?.querySelector<HTMLButtonElement>(`[aria-keyshortcuts="${event.key}"]`) ?? null;
    if (button === null || button.disabled) return;
    button.click();
    event.preventDefault();
  };
  return (
    <article class="approval" ref={card} tabIndex={-1} data-testid="approval" data-id={approval.id} data-state={shown.state} data-kind={approval.kind} aria-label={`${kind}: ${approval.title}`} onKeyDown={keys}>
      <header class="approval-head">
        <span class="glyph" data-tone={pending ? "waiting" : "over"} aria-hidden="true">{GLYPHS[approval.kind] ?? "!"}</span>
        <span class="approval-kind">{kind}</span>
        {!bare && <a class="approval-where" href={sessionPath(approval.session)}>{approval.provider} · {approval.session_title || approval.session}</a>}
        <span class="approval-age">{ageOf(approval.created, Date.now())}</span>
      </header>
      {approval.questions[0]?.text !== approval.title && <h2 class="approval-title">{approval.title}</h2>}
      {approval.intent !== "" && <p class="approval-intent">{approval.intent}</p>}
      <Body approval={approval} />
      {!bare && approval.cwd !== "" && <p class="approval-cwd mono">{approval.cwd}</p>}
      {approval.detail !== "" && <p class="approval-note"><span aria-hidden="true">⚠ </span>{approval.detail}</p>}
      {pending && approval.questions.map((question) => <Choices key={question.text} question={question} chosen={chosen.get(question.text) ?? []} choose={(given) => setChosen(new Map([...chosen, [question.text, given]]))} />)}
      <p class="problem" role="alert">{trouble}</p>
      {pending ? <Acts approval={approval} busy={busy} answers={answersOf(approval.questions, chosen)} say={say} /> : <p class="approval-outcome" role="status" data-testid="outcome">{outcome(shown)}</p>}
    </article>
  );
}

/** The decision on one approval: how it stands, and the way to make it. Told is what the gateway says became of it. */
function useDecision(approval: Approval, settled?: (now: Approval) => void) {
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const [now, setNow] = useState(approval);
  const shown = approval.state === "pending" ? now : approval;
  const say = async (decision: Decision) => {
    if (busy || shown.state !== "pending") return;
    setBusy(true);
    setTrouble("");
    const answer = await decide(approval, decision);
    const found = await getApproval(approval.id);
    setBusy(false);
    if (found.ok) {
      setNow(found.value);
      if (found.value.state !== "pending") return settled?.(found.value);
    }
    if (!answer.ok) setTrouble(answer.failure.kind === "refused" ? answer.failure.message : text.listFailed);
  };
  return { shown, busy, trouble, say };
}

/** The buttons. What is not shown whole can be refused here, and not allowed: the gateway says the same. */
function Acts({ approval, busy, answers, say }: { approval: Approval; busy: boolean; answers: Decision["answers"] | null; say(decision: Decision): Promise<void> }) {
  const [denying, setDenying] = useState(false);
  const [reason, setReason] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const allowable = bodyOf(approval).more === 0;
  const deny = () => {
    if (denying) return void say({ decision: "deny", reason });
    setDenying(true);
    requestAnimationFrame(() => field.current?.focus());
  };
  const typed = (event: KeyboardEvent) => {
    if (event.key === "Enter" && !event.isComposing) deny();
    if (event.key === "Escape") setDenying(false);
  };
  return (
    <div class="approval-acts">
      {approval.questions.length > 0 && <button class="button primary" type="button" disabled={busy || answers === null} data-testid="answer" onClick={() => { if (answers != null) void say({ decision: "answer", answers }); }}>{text.approval.answer}</button>}
      {approval.questions.length === 0 && <button class="button primary" type="button" disabled={busy || !allowable} data-testid="allow" aria-keyshortcuts="y" onClick={() => void say({ decision: "allow", scope: "once" })}>{text.approval.allowOnce}</button>}
      {approval.questions.length === 0 && offersSession(approval) && <button class="button" type="button" title={text.approval.covers[approval.kind]} disabled={busy || !allowable} data-testid="allow-session" onClick={() => void say({ decision: "allow", scope: "session" })}>{text.approval.allowSession}</button>}
      {denying && <input class="approval-reason" ref={field} value={reason} placeholder={text.approval.reason} aria-label={text.approval.reason} data-testid="reason" onInput={(event) => setReason(event.currentTarget.value)} onKeyDown={typed} />}
      <button class="button danger" type="button" disabled={busy} data-testid="deny" aria-keyshortcuts="n" onClick={deny}>{denying ? text.approval.denyNow : text.approval.deny}</button>
    </div>
  );
}

/** What became of it, truthfully: who, by which rule, and what the agent made of it. */
function outcome(approval: Approval): string {
  const words = text.approval.outcomes[approval.state] ?? approval.state;
  const by = approval.rule !== "" ? ruled(approval.rule) : approval.by === "" ? "" : text.approval.by(approval.by);
  const effect = approval.effect === "" ? "" : (text.approval.effects[approval.effect] ?? approval.effect);
  const scope = text.approval.scopes[approval.scope] ?? "";
  return [`${words}${by === "" ? "" : ` ${by}`}`, scope, approval.reason, effect].filter((part) => part !== "").join(" · ");
}

/** Who decided when it was nobody: a rule, or what was allowed for the session before. */
function ruled(rule: string): string {
  return rule.startsWith("grant ") ? text.approval.byGrant(rule.slice(6)) : text.approval.byRule(rule);
}
