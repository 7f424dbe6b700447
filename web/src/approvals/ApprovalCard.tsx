import "../styles/approvals.css";

import { useRef, useState } from "preact/hooks";

import { ageOf, text } from "../strings";
import { sessionPath } from "../ui/route";
import type { Question } from "../wire.gen";
import { answersOf, bodyOf, decide, getApproval, lineKind, offersSession, type Approval, type Decision } from "./records";

const GLYPHS: Readonly<Record<string, string>> = { command: "❯", edit: "±", tool: "◆", question: "?", plan: "≡" };

/**
 * One thing that an agent asks, whole, with the ways to answer. `settled` is called when it is decided, by whomever.
 * Keys while it has the focus: y allows once, n denies.
 */
export function ApprovalCard({ approval, settled, bare = false }: { approval: Approval; settled?: (now: Approval) => void; bare?: boolean }) {
  const [busy, setBusy] = useState(false);
  const [denying, setDenying] = useState(false);
  const [reason, setReason] = useState("");
  const [trouble, setTrouble] = useState("");
  const [now, setNow] = useState(approval);
  const [chosen, setChosen] = useState<ReadonlyMap<string, readonly string[]>>(new Map());
  const field = useRef<HTMLInputElement>(null);
  const shown = approval.state === "pending" ? now : approval;
  const pending = shown.state === "pending";
  const answers = answersOf(approval.questions, chosen);
  // What is not shown whole can be refused here, and not allowed: the gateway says the same.
  const allowable = bodyOf(approval).more === 0;

  const say = async (decision: Decision) => {
    if (busy || !pending) return;
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
  const deny = () => {
    if (denying) return void say({ decision: "deny", reason });
    setDenying(true);
    requestAnimationFrame(() => field.current?.focus());
  };
  const keys = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if ((event.target as Element).closest("input, textarea")) return;
    if (event.key === "y" && approval.questions.length === 0 && allowable) void say({ decision: "allow", scope: "once" });
    else if (event.key === "n") deny();
    else return;
    event.preventDefault();
  };

  return (
    <article class="approval" tabIndex={-1} data-testid="approval" data-id={approval.id} data-state={shown.state} data-kind={approval.kind} aria-label={`${text.approval.kinds[approval.kind] ?? approval.kind}: ${approval.title}`} onKeyDown={keys}>
      <header class="approval-head">
        <span class="glyph" data-tone={pending ? "waiting" : "over"} aria-hidden="true">{GLYPHS[approval.kind] ?? "!"}</span>
        <span class="approval-kind">{text.approval.kinds[approval.kind] ?? approval.kind}</span>
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
      {pending ? (
        <div class="approval-acts">
          {approval.questions.length > 0 ? (
            <button class="button primary" type="button" disabled={busy || answers === null} data-testid="answer" onClick={() => { if (answers !== null) void say({ decision: "answer", answers }); }}>{text.approval.answer}</button>
          ) : (
            <>
              <button class="button primary" type="button" disabled={busy || !allowable} data-testid="allow" aria-keyshortcuts="y" onClick={() => void say({ decision: "allow", scope: "once" })}>{text.approval.allowOnce}</button>
              {offersSession(approval) && <button class="button" type="button" disabled={busy || !allowable} data-testid="allow-session" onClick={() => void say({ decision: "allow", scope: "session" })}>{text.approval.allowSession}</button>}
            </>
          )}
          {denying && <input class="approval-reason" ref={field} value={reason} placeholder={text.approval.reason} aria-label={text.approval.reason} data-testid="reason" onInput={(event) => setReason(event.currentTarget.value)} onKeyDown={(event) => { if (event.key === "Enter" && !event.isComposing) deny(); if (event.key === "Escape") setDenying(false); }} />}
          <button class="button danger" type="button" disabled={busy} data-testid="deny" aria-keyshortcuts="n" onClick={deny}>{denying ? text.approval.denyNow : text.approval.deny}</button>
        </div>
      ) : (
        <p class="approval-outcome" role="status" data-testid="outcome">{outcome(shown)}</p>
      )}
    </article>
  );
}

/** What became of it, truthfully: who, by which rule, and what the agent made of it. */
function outcome(approval: Approval): string {
  const words = text.approval.outcomes[approval.state] ?? approval.state;
  const by = approval.rule !== "" ? text.approval.byRule(approval.rule) : approval.by === "" ? "" : text.approval.by(approval.by);
  const effect = approval.effect === "" ? "" : (text.approval.effects[approval.effect] ?? approval.effect);
  return [`${words}${by === "" ? "" : ` ${by}`}`, approval.reason, effect].filter((part) => part !== "").join(" · ");
}

/** The exact bytes, or the diff that they make. Text, whatever stands in it. */
function Body({ approval }: { approval: Approval }) {
  const body = bodyOf(approval);
  if (body.text === "" || approval.questions.length > 0) return null;
  return (
    <>
      <pre class="approval-body" tabIndex={0} data-diff={body.diff} data-testid="exact">
        {body.diff ? body.text.split("\n").map((line, at) => <span key={at} class="diff-line" data-line={lineKind(line)}>{line}{"\n"}</span>) : body.text}
      </pre>
      {body.more > 0 && <p class="approval-note" data-testid="cut">{text.approval.cut(body.more)}</p>}
    </>
  );
}

/** The answers to one question: those offered, and one's own. */
function Choices({ question, chosen, choose }: { question: Question; chosen: readonly string[]; choose: (given: readonly string[]) => void }) {
  const offered = question.options.map((option) => option.label);
  const own = chosen.find((one) => !offered.includes(one)) ?? "";
  const type = question.multiple ? "checkbox" : "radio";
  const toggle = (label: string) => {
    if (!question.multiple) return choose([label]);
    choose(chosen.includes(label) ? chosen.filter((one) => one !== label) : [...chosen, label]);
  };
  return (
    <fieldset class="choice approval-question">
      <legend>{question.text}</legend>
      {offered.map((label) => (
        <label key={label}>
          <input type={type} name={question.text} checked={chosen.includes(label)} onChange={() => toggle(label)} />
          <span>{label}</span>
        </label>
      ))}
      <input class="approval-reason" value={own} placeholder={text.approval.other} aria-label={`${question.text}: ${text.approval.other}`} onInput={(event) => {
        const given = event.currentTarget.value;
        const kept = question.multiple ? chosen.filter((one) => offered.includes(one)) : [];
        choose(given === "" ? kept : [...kept, given]);
      }} />
    </fieldset>
  );
}
