/** The approvals that wait, kept fresh while a page shows them; asked for when the sessions say that there are others. */
import { computed, effect, signal } from "@preact/signals";

import { endingOfView } from "../session/ending";
import { fleet, watch as watchFleet } from "../fleet/watch";
import { listApprovals, type Approval } from "./records";

/** What waits, the oldest first; null before the first answer. */
export const waiting = signal<readonly Approval[] | null>(null);
export const problem = signal("");

/** The ids that the sessions name: the list is old when it names others. */
const named = computed(() =>
  (fleet.value?.sessions ?? [])
    .filter((session) => endingOfView(session) === null)
    .flatMap((session) => session.approvals ?? [])
    .sort()
    .join(" "),
);
/** How many wait, as far as the sessions tell. */
export const count = computed(() => (named.value === "" ? 0 : named.value.split(" ").length));

export async function refresh(): Promise<void> {
  const answer = await listApprovals(false);
  if (answer.ok) {
    waiting.value = answer.value;
    problem.value = "";
  } else problem.value = answer.failure.kind === "refused" ? answer.failure.message : "unreachable";
}

/** Keep `waiting` fresh until the returned function is called. */
export function watch(): () => void {
  const stop = watchFleet();
  const follow = effect(() => {
    void named.value;
    void refresh();
  });
  return () => {
    follow();
    stop();
  };
}
