/**
 * How much of the window is really visible. Where the soft keyboard covers the page instead of shrinking it, only
 * `visualViewport` tells: the page takes its height from here.
 */
export function followViewport(root: HTMLElement): () => void {
  const viewport = window.visualViewport;
  if (viewport === null) return () => undefined;
  const stop = new AbortController();
  const follow = () => {
    root.style.setProperty("--visible-height", `${viewport.height}px`);
    root.style.setProperty("--visible-top", `${viewport.offsetTop}px`);
  };
  viewport.addEventListener("resize", follow, { signal: stop.signal });
  viewport.addEventListener("scroll", follow, { signal: stop.signal });
  follow();
  return () => {
    stop.abort();
    root.style.removeProperty("--visible-height");
    root.style.removeProperty("--visible-top");
  };
}
