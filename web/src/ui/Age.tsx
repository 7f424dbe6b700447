import { signal, useComputed } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { ageOf } from "../strings";

const TICK_MS = 1_000;
const now = signal(Date.now());
let shown = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** How long ago `since` (microseconds since 1970) was. It goes on by itself: nothing around it is drawn again. */
export function Age({ since }: { since: number }) {
  const words = useComputed(() => ageOf(since, now.value));
  useEffect(() => {
    if (shown++ === 0) timer = setInterval(() => { if (document.visibilityState === "visible") now.value = Date.now(); }, TICK_MS);
    return () => { if (--shown === 0) clearInterval(timer); };
  }, []);
  return <span class="row-age">{words}</span>;
}
