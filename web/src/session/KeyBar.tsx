import type { Signal } from "@preact/signals";

import { text } from "../strings";
import type { BarKey } from "../terminal/keys";
import { tapped, type Held, type Modifier } from "../terminal/modifiers";

const KEYS: readonly (BarKey | Modifier)[] = [
  "esc", "shift-tab", "tab", "ctrl", "up", "enter",
  "ctrl-c", "slash", "alt", "left", "down", "right",
]; // prettier-ignore

/** Keys that soft keyboards lack. Touching them must not take the focus from the terminal, or the keyboard closes. */
export function KeyBar({ held, press }: { held: Signal<Held>; press: (key: BarKey) => void }) {
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
          aria-label={`${text.keys[key]} ${isModifier(key) && held.value[key] === "locked" ? text.keyLocked : text.keyNames[key]}`}
          {...(isModifier(key) ? { "aria-pressed": held.value[key] !== "off", "data-hold": held.value[key] } : {})}
          onClick={() => (isModifier(key) ? (held.value = tapped(held.value, key)) : press(key))}
        >
          {text.keys[key]}
        </button>
      ))}
    </div>
  );
}

function isModifier(key: BarKey | Modifier): key is Modifier {
  return key === "ctrl" || key === "alt";
}
