/** Asking again while somebody looks: often when answers are quick, and never when nobody does. */
import { useEffect, useRef } from "preact/hooks";

const EVERY_MS = 1_000;
// A question that takes long is asked so much less often.
const SHARE = 8;

/** Ask at once and then again and again, as long as the page is visible. `ask` is awaited. */
export function useLooking(ask: () => Promise<void>, deps: readonly unknown[]): void {
  const asking = useRef(ask);
  asking.current = ask;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    let busy = false;
    const look = async () => {
      clearTimeout(timer);
      if (busy || over || document.visibilityState !== "visible") return;
      busy = true;
      const began = performance.now();
      await asking.current();
      busy = false;
      if (!over) timer = setTimeout(() => void look(), Math.max(EVERY_MS, SHARE * (performance.now() - began)));
    };
    const wake = () => void look();
    document.addEventListener("visibilitychange", wake);
    void look();
    return () => {
      over = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", wake);
    };
  }, deps);
}
