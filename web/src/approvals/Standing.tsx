import { useEffect, useState } from "preact/hooks";

import { sessionPath } from "../ui/route";
import { text } from "../strings";
import { listGrants, undo, type Grants } from "./records";

/** What agents may do without asking, and how each of it is taken back. */
export function Standing() {
  const [open, setOpen] = useState(false);
  const [found, setFound] = useState<Grants | null>(null);
  const [trouble, setTrouble] = useState("");
  const look = async () => {
    const answer = await listGrants();
    if (answer.ok) setFound(answer.value);
    setTrouble(answer.ok ? "" : answer.failure.kind === "refused" ? answer.failure.message : text.listFailed);
  };
  useEffect(() => { if (open) void look(); }, [open]);
  const takeBack = async (grant: string) => {
    const answer = await undo(grant);
    await look();
    if (!answer.ok) setTrouble(answer.failure.kind === "refused" ? answer.failure.message : text.listFailed);
  };
  return (
    <details class="ended standing" data-testid="standing" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{text.approval.standing}</summary>
      <p class="problem" role="alert">{trouble !== "" ? trouble : (found?.rules_problem ?? "")}</p>
      {found !== null && <Rows found={found} takeBack={(grant) => void takeBack(grant)} />}
    </details>
  );
}

function Rows({ found, takeBack }: { found: Grants; takeBack(grant: string): void }) {
  if (found.grants.length + found.rules.length + found.agents.length === 0) return <p class="more">{text.approval.standingNone}</p>;
  return (
    <ul class="standing-list">
      {found.grants.map((one) => (
        <li key={one.id} data-testid="grant" data-id={one.id}>
          <code>{one.what}</code>
          <span><a href={sessionPath(one.session)}>{one.agent}</a> · {text.approval.standingSession(one.session_title || one.session, one.by)}</span>
          <button class="button" type="button" aria-label={text.approval.undoLabel(one.what)} onClick={() => takeBack(one.id)}>{text.approval.undo}</button>
        </li>
      ))}
      {found.rules.map((one) => (
        <li key={`rule ${one.name}`}><code>{one.about.join(" | ")}</code><span>{one.agent.join(", ")} {text.approval.standingRule(one.name, found.rules_file)}</span></li>
      ))}
      {found.agents.map((one) => (
        <li key={`${one.agent} ${one.file} ${one.what}`}><code>{one.what}</code><span>{one.agent} · {text.approval.standingOwn(one.line === 0 ? one.file : `${one.file}:${one.line}`)}</span></li>
      ))}
    </ul>
  );
}
