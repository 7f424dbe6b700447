import type { Signal } from "@preact/signals";

import { text } from "../strings";
import type { BarKey } from "../terminal/keys";

const KEYS: readonly (BarKey | "ctrl")[] = [
  "esc", "shift-tab", "tab", "ctrl", "up", "enter",
  "ctrl-c", "slash", "pipe", "left", "down", "right",
]; // prettier-ignore

/** Keys that soft keyboards lack. Touching them must not take the focus from the terminal, or the keyboard closes. */
export function KeyBar({ ctrl, press }: { ctrl: Signal<boolean>; press: (key: BarKey) => void }) {
  const stay = (event: Event) => event.preventDefault();
  return (
    <div class="keys" role="toolbar" aria-label={text.keyBar} data-testid="key-bar" onPointerDown={stay} onMouseDown={stay}>
      {KEYS.map((key) => (
        <button
          key={key}
          class="key"
          type="button"
          tabIndex={-1}
          data-key={key}
          aria-label={`${text.keys[key]} ${text.keyNames[key]}`}
          {...(key === "ctrl" ? { "aria-pressed": ctrl.value } : {})}
          onClick={() => (key === "ctrl" ? (ctrl.value = !ctrl.value) : press(key))}
        >
          {text.keys[key]}
        </button>
      ))}
    </div>
  );
}
