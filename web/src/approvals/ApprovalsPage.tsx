import "../styles/approvals.css";

import { useEffect, useRef, useState } from "preact/hooks";

import { text } from "../strings";
import { SignIn } from "../ui/SignIn";
import { Splash } from "../ui/Splash";
import { called } from "../ui/title";
import { trouble } from "../fleet/watch";
import { ApprovalCard } from "./ApprovalCard";
import { getApproval, listApprovals, type Approval } from "./records";
import { Standing } from "./Standing";
import { refresh, waiting, watch } from "./watch";

/** Everything that agents wait for, the oldest first. `id` is the one that a link leads to. */
export function ApprovalsPage({ id }: { id: string }) {
  const [decided, setDecided] = useState<ReadonlyMap<string, Approval>>(new Map());
  const [history, setHistory] = useState<readonly Approval[] | null>(null);
  const [linked, setLinked] = useState<Approval | null>(null);
  const list = useRef<HTMLElement>(null);
  const known = useRef<ReadonlyMap<string, Approval>>(new Map());
  useEffect(watch, []);
  useEffect(() => {
    if (id !== "") void getApproval(id).then((answer) => { if (answer.ok) setLinked(answer.value); });
  }, [id]);
  const rows = waiting.value;
  useEffect(() => {
    called(text.approvals);
    if (rows === null) return;
    // What somebody else decided does not vanish without a word.
    const open = new Set(rows.map((one) => one.id));
    for (const gone of [...known.current.keys()].filter((name) => !open.has(name) && !decided.has(name))) {
      void getApproval(gone).then((answer) => { if (answer.ok) setDecided((before) => new Map([...before, [gone, answer.value]])); });
    }
    known.current = new Map(rows.map((one) => [one.id, one]));
  }, [rows]);
  useKeys(list);

  const failure = trouble.value;
  if (failure?.kind === "refused" && failure.status === 401) return <SignIn session="" done={() => void refresh()} />;
  if (rows === null) return <Splash title={text.loading} state="connecting" />;
  const old = [...decided.values()].filter((one) => !rows.some((row) => row.id === one.id));
  const shown = [...rows, ...(linked !== null && ![...rows, ...old].some((one) => one.id === linked.id) ? [linked] : []), ...old].sort((a, b) => a.created - b.created);
  return (
    <main class="list approvals" ref={list} data-testid="approvals">
      <header class="list-head"><h1>{text.approvals}</h1><span class="count" data-testid="pending">{rows.length}</span></header>
      {shown.length === 0 && (
        <section class="empty card" data-testid="nothing-asked">
          <h2>{text.approval.nothing}</h2>
          <p>{text.approval.nothingHint}</p>
        </section>
      )}
      {shown.map((approval) => (
        <ApprovalCard key={approval.id} approval={approval} settled={(now) => { setDecided((before) => new Map([...before, [now.id, now]])); void refresh(); }} />
      ))}
      <Standing />
      <details class="ended" onToggle={(event) => { if (event.currentTarget.open) void listApprovals(true).then((answer) => { if (answer.ok) setHistory(answer.value.filter((one) => one.state !== "pending")); }); }}>
        <summary>{text.approval.history}</summary>
        {history !== null && history.length === 0 && <p class="more">{text.approval.noHistory}</p>}
        {history?.map((approval) => <ApprovalCard key={approval.id} approval={approval} />)}
      </details>
    </main>
  );
}

/** j and k go from card to card; y and n are the card's own. */
function useKeys(list: { readonly current: HTMLElement | null }): void {
  useEffect(() => {
    const stop = new AbortController();
    addEventListener(
      "keydown",
      (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || (event.key !== "j" && event.key !== "k")) return;
        if ((event.target as Element | null)?.closest?.("input, textarea, select, dialog")) return;
        const cards = [...(list.current?.querySelectorAll<HTMLElement>(".approval[data-state=pending]") ?? [])];
        const at = cards.findIndex((card) => card.contains(document.activeElement));
        cards[Math.min(cards.length - 1, Math.max(0, at + (event.key === "j" ? 1 : -1)))]?.focus();
      },
      { signal: stop.signal },
    );
    return () => stop.abort();
  }, []);
}
