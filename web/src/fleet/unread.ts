/**
 * When this device last looked at each session: what has ended or finished since is unread. The gateway keeps it, for
 * all browsers of one device; what was marked here counts at once.
 */
import { signal } from "@preact/signals";

import { markSession, type SessionInfo } from "../net/api";

/** A mark of this page, in microseconds of the gateway (0: unread); `settled` when the gateway has it. */
interface Mark {
  readonly at: number;
  readonly settled: boolean;
}

const marks = signal<ReadonlyMap<string, Mark>>(new Map());

/** When `session` was looked at; a gateway that does not say calls nothing unread. */
export function seenAt(session: SessionInfo): number {
  return marks.value.get(session.id)?.at ?? session.seen ?? Infinity;
}

/** The gateway has told of these: what it said counts again, but for marks on their way. */
export function seenTold(ids: Iterable<string>): void {
  const gone = [...ids].filter((id) => marks.value.get(id)?.settled);
  if (gone.length > 0) marks.value = new Map([...marks.value].filter(([id]) => !gone.includes(id)));
}

/** It is looked at now, or to be unread. */
export function mark(id: string, unread: boolean): void {
  const own: Mark = { at: unread ? 0 : Infinity, settled: false };
  marks.value = new Map(marks.value).set(id, own);
  void markSession(id, unread).then((answer) => {
    if (marks.value.get(id) !== own) return;
    const next = new Map(marks.value);
    if (answer.ok) next.set(id, { at: answer.value, settled: true });
    else next.delete(id);
    marks.value = next;
  });
}
