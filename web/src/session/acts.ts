/** What the parts of a session page do with its terminal and its attachment. */
import { keepDraft } from "./compose";
import type { BarKey } from "../terminal/keys";
import { used } from "../terminal/modifiers";
import type { Desk, Stand } from "./stand";

export interface Acts {
  /** A key of the key bar. */
  press(key: BarKey): void;
  /** Type a prompt, then `enter` by itself. False when it was not taken. */
  send(words: string, enter: string): boolean;
  /** Put `words` before the agent's cursor, as a paste. False when this page may not type now. */
  compose(words: string): boolean;
  /** Put `words` behind what is written in the line for prompts. */
  write(words: string): void;
  fit(): void;
  /** Letters larger or smaller by so many px. */
  zoom(by: number): void;
  focus(): void;
  older(): void;
}

/** The acts of a page; before its terminal is there they do nothing. */
export function actsOf(id: string, ready: Stand | null, { held, draft }: Desk): Acts {
  const focus = () => ready?.screen.focus();
  return {
    focus,
    press(key) {
      const { ctrl, alt } = held.value;
      held.value = used(held.value);
      ready?.screen.press(key, { ctrl: ctrl !== "off", alt: alt !== "off" });
    },
    send(words, enter) {
      if (ready === null) return false;
      const type = (data: string) => data === "" || ready.attachment.type(new TextEncoder().encode(data), "typed");
      return type(words) && type(enter);
    },
    compose(words) {
      if (ready === null || ready.attachment.mode.value !== "control" || !ready.attachment.connection.live) return false;
      ready.screen.paste(words);
      return true;
    },
    write(words) {
      draft.value = [draft.value, words].filter((part) => part !== "").join(" ");
      keepDraft(id, draft.value);
    },
    fit() {
      ready?.attachment.shape.fit();
      focus();
    },
    zoom: (by) => ready?.screen.zoom(by),
    older: () => ready?.attachment.older(),
  };
}
