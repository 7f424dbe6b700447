import { useEffect, useState } from "preact/hooks";

import { ApprovalCard } from "./ApprovalCard";
import { getApproval, type Approval } from "./records";

const SHOWN_MS = 4_000;

/** What this session's agent asks, beside its terminal; what was decided stays for a moment, with who did. */
export function SessionApprovals({ ids }: { ids: readonly string[] }) {
  const [known, setKnown] = useState<ReadonlyMap<string, Approval>>(new Map());
  const wanted = ids.join(" ");
  const put = (one: Approval) => setKnown((before) => new Map([...before, [one.id, one]]));
  useEffect(() => {
    let over = false;
    const timers: ReturnType<typeof setTimeout>[] = [];
    const look = async (id: string, again: number) => {
      const answer = await getApproval(id);
      if (over) return;
      if (answer.ok) put(answer.value);
      // The session's row is told before the log has the record.
      else if (again > 0) timers.push(setTimeout(() => void look(id, again - 1), 200));
    };
    for (const id of ids) if (!known.has(id)) void look(id, 10);
    for (const one of known.values()) {
      if (ids.includes(one.id)) continue;
      if (one.state === "pending") void look(one.id, 0);
      else timers.push(setTimeout(() => setKnown((before) => new Map([...before].filter(([id]) => id !== one.id))), SHOWN_MS));
    }
    return () => {
      over = true;
      timers.forEach(clearTimeout);
    };
  }, [wanted, known]);
  if (known.size === 0) return null;
  return (
    <div class="session-approvals" data-testid="session-approvals">
      {[...known.values()].map((approval) => <ApprovalCard key={approval.id} approval={approval} settled={put} bare />)}
    </div>
  );
}
