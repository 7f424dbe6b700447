/**
 * Touch on the terminal: xterm.js 6.0 has none of its own. A drag scrolls, a tap focuses (and opens the keyboard), and
 * two fingers are the browser's. On the alternate screen a drag becomes the wheel, which the terminal turns into what
 * the program asked for: mouse reports or arrow keys.
 */
import type { Terminal } from "@xterm/xterm";

import { Drag } from "./gestures";

/** `up` is called when a finger scrolls towards older lines. */
export function listenToTouch(terminal: Terminal, area: HTMLElement, up: () => void): () => void {
  let drag: Drag | null = null;
  let frame = 0;
  const stop = new AbortController();
  const options = { signal: stop.signal, passive: false, capture: true };

  const lineHeight = () => {
    const screen = terminal.element?.querySelector(".xterm-screen");
    return Math.max(4, (screen?.clientHeight ?? 0) / terminal.rows || 16);
  };
  const scroll = (lines: number, touch: { clientX: number; clientY: number }) => {
    if (lines === 0) return;
    if (lines < 0) up();
    if (terminal.buffer.active.type === "normal" && terminal.modes.mouseTrackingMode === "none") terminal.scrollLines(lines);
    else wheel(terminal, lines, touch);
  };
  const halt = () => cancelAnimationFrame(frame);

  area.addEventListener("touchstart", (event) => {
    halt();
    const touch = event.touches[0];
    drag = event.touches.length === 1 && touch !== undefined ? new Drag(touch.clientX, touch.clientY, event.timeStamp) : null;
  }, options); // prettier-ignore

  area.addEventListener("touchmove", (event) => {
    const touch = event.touches[0];
    if (drag === null || touch === undefined) return;
    const lines = drag.move(touch.clientX, touch.clientY, event.timeStamp, lineHeight());
    if (!drag.scrolling) return;
    if (pans(area)) return;
    // The page must neither move nor reload under the finger, and the terminal must not select.
    event.preventDefault();
    event.stopPropagation();
    scroll(lines, touch);
  }, options); // prettier-ignore

  area.addEventListener("touchend", (event) => {
    const touch = event.changedTouches[0];
    if (drag === null || touch === undefined) return;
    const done = drag;
    drag = null;
    if (done.tapped(event.timeStamp)) {
      // A tap means: type here. Inside, the click that follows may open a link; outside, it would take the focus away.
      if (!terminal.element?.contains(event.target as Node)) event.preventDefault();
      terminal.focus();
      return;
    }
    if (!done.scrolling || pans(area)) return;
    event.preventDefault();
    let velocity = done.velocity(event.timeStamp);
    let before = performance.now();
    const coast = (now: number) => {
      const step = done.coast(velocity, Math.max(1, now - before), lineHeight());
      before = now;
      velocity = step.velocity;
      scroll(step.lines, touch);
      if (velocity !== 0) frame = requestAnimationFrame(coast);
    };
    if (velocity !== 0) frame = requestAnimationFrame(coast);
  }, options); // prettier-ignore

  area.addEventListener("touchcancel", () => { drag = null; }, options); // prettier-ignore

  return () => {
    halt();
    stop.abort();
  };
}

/** A screen larger than the page is panned by the browser itself. */
function pans(area: HTMLElement): boolean {
  return area.scrollWidth > area.clientWidth + 1 || area.scrollHeight > area.clientHeight + 1;
}

function wheel(terminal: Terminal, lines: number, at: { clientX: number; clientY: number }): void {
  const target = terminal.element?.querySelector(".xterm-screen");
  const init = { deltaMode: WheelEvent.DOM_DELTA_LINE, deltaY: Math.sign(lines), bubbles: true, cancelable: true };
  for (let i = 0; i < Math.abs(lines); i++) {
    target?.dispatchEvent(new WheelEvent("wheel", { ...init, clientX: at.clientX, clientY: at.clientY }));
  }
}
