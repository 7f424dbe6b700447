/** Long lists of rows: what is far from view is an empty box of its height. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

const ROWS = 40;
const AROUND = "900px 0px";

/** `count` rows, which `render(from, to)` makes, in boxes; `height` estimates one row in pixels. */
export function Blocks({ count, height, render }: { count: number; height: number; render: (from: number, to: number) => ComponentChildren }) {
  const starts = Array.from({ length: Math.ceil(count / ROWS) }, (_, at) => at * ROWS);
  return <>{starts.map((from) => <Near key={from} height={height * (Math.min(count, from + ROWS) - from)}>{() => render(from, Math.min(count, from + ROWS))}</Near>)}</>;
}

/** What is made only near the viewport. It keeps its measured height when it leaves. */
export function Near({ height, children, ...rest }: { height: number; children: () => ComponentChildren; class?: string }) {
  const box = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(false);
  const measured = useRef(0);
  useEffect(() => {
    const element = box.current!;
    const watcher = new IntersectionObserver(
      (seen) => {
        const last = seen[seen.length - 1]!;
        // A box with the focus in it stays: a comment is being written, or a line is being walked.
        if (!last.isIntersecting && element.contains(document.activeElement)) return;
        if (!last.isIntersecting && element.querySelector("textarea") !== null) return;
        if (!last.isIntersecting && element.offsetHeight > 0) measured.current = element.offsetHeight;
        setNear(last.isIntersecting);
      },
      { root: element.closest("[data-scrolls], .tab-page"), rootMargin: AROUND },
    );
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  const style = near ? undefined : `height:${measured.current || height}px`;
  return <div ref={box} style={style} {...rest}>{near ? children() : null}</div>;
}
