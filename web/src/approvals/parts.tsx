/** The parts of a card: what exactly is asked, and the answers to choose from. */
import { text } from "../strings";
import type { Question } from "../wire.gen";
import { bodyOf, lineKind, type Approval } from "./records";

/** The exact bytes, or the diff that they make. Text, whatever stands in it. */
export function Body({ approval }: { approval: Approval }) {
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
export function Choices({ question, chosen, choose }: { question: Question; chosen: readonly string[]; choose: (given: readonly string[]) => void }) {
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
