import "../styles/audit.css";

import { useEffect, useState } from "preact/hooks";

import { auditEntries, type Answer, type AuditEntry, type AuditPart } from "../net/api";
import { text, timeOf } from "../strings";
import { SignIn } from "./SignIn";
import { Splash } from "./Splash";
import { called } from "./title";

/** Who did what, the newest first; a page at a time, and only what fits the filter. */
export function AuditPage() {
  const [answer, setAnswer] = useState<Answer<AuditPart> | null>(null);
  const [entries, setEntries] = useState<readonly AuditEntry[]>([]);
  const [wanted, setWanted] = useState(0);
  const [asked, setAsked] = useState(0);
  const [filter, setFilter] = useState("");

  useEffect(() => {
    called(text.audit);
    let over = false;
    void auditEntries(wanted).then((found) => {
      if (over) return;
      setAnswer(found);
      if (found.ok) setEntries((before) => [...(wanted === 0 ? [] : before), ...found.value.entries]);
    });
    return () => {
      over = true;
    };
  }, [wanted, asked]);

  if (answer === null) return <Splash title={text.loading} state="connecting" />;
  if (!answer.ok) {
    if (answer.failure.kind === "refused" && answer.failure.status === 401) return <SignIn session="" done={() => setAsked(asked + 1)} />;
    const refused = answer.failure.kind === "refused";
    return (
      <Splash state="stopped" title={refused ? answer.failure.message : text.listFailed} hint={refused ? answer.failure.hint : text.listFailedHint}>
        <button class="button" type="button" onClick={() => setAsked(asked + 1)}>{text.retry}</button>
      </Splash>
    );
  }
  const shown = entries.filter((entry) => fits(entry, filter));
  const next = answer.value.next;
  return (
    <main class="list audit" data-testid="audit">
      <header class="list-head"><h1>{text.audit}</h1></header>
      <p class="lead">{text.auditHint} <code>tether audit --verify</code></p>
      <div class="fleet-filter">
        <input type="search" value={filter} placeholder={text.auditFilter} aria-label={text.auditFilter} onInput={(event) => setFilter(event.currentTarget.value)} />
      </div>
      {shown.length === 0 && <p class="more">{text.auditNothing}</p>}
      <ol class="rows audit-rows">
        {shown.map((entry) => <Entry key={entry.seq} entry={entry} />)}
      </ol>
      {next > 0 && <button class="button" type="button" onClick={() => setWanted(next)}>{text.auditOlder}</button>}
    </main>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const facts = Object.entries(entry.facts).filter(([, value]) => value !== "");
  return (
    <li class="audit-row" data-testid="audit-row" data-kind={entry.kind}>
      <span class="audit-when"><time dateTime={new Date(entry.ts / 1000).toISOString()}>{timeOf(entry.ts)}</time></span>
      <span class="audit-kind">{text.auditKinds[entry.kind] ?? entry.kind}</span>
      <span class="audit-who">{entry.actor}</span>
      {entry.session !== "" && <a class="mono" href={`/s/${encodeURIComponent(entry.session)}`}>{entry.session}</a>}
      <span class="audit-facts">{facts.map(([name, value]) => `${name}: ${value}`).join(" · ")}</span>
    </li>
  );
}

/** Every word of the filter is somewhere in the entry. */
export function fits(entry: AuditEntry, filter: string): boolean {
  const all = [entry.kind, text.auditKinds[entry.kind] ?? "", entry.actor, entry.session, ...Object.values(entry.facts)].join(" ").toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => all.includes(word));
}
