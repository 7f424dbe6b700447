/** What the keys of the key bar send. Pure. */

export type BarKey =
  | "esc" | "shift-tab" | "tab" | "enter" | "ctrl-c" | "slash" | "pipe"
  | "up" | "down" | "left" | "right"; // prettier-ignore

const FIXED: Readonly<Partial<Record<BarKey, string>>> = {
  esc: "\x1b",
  "shift-tab": "\x1b[Z",
  tab: "\t",
  enter: "\r",
  "ctrl-c": "\x03",
  slash: "/",
  pipe: "|",
};
const ARROWS: Readonly<Partial<Record<BarKey, string>>> = { up: "A", down: "B", right: "C", left: "D" };

/**
 * The bytes of a key, as text. `applicationCursor` is the terminal's DECCKM mode: programs that set it expect ESC O
 * before an arrow. With `ctrl` arrows carry the modifier and characters become control characters.
 */
export function keySequence(key: BarKey, modes: { readonly applicationCursor: boolean; readonly ctrl: boolean }): string {
  const arrow = ARROWS[key];
  if (arrow !== undefined) {
    if (modes.ctrl) return `\x1b[1;5${arrow}`;
    return (modes.applicationCursor ? "\x1bO" : "\x1b[") + arrow;
  }
  const fixed = FIXED[key] ?? "";
  return modes.ctrl ? withCtrl(fixed) : fixed;
}

/** `text` as it is with Ctrl held down; what has no control character stays as it is. */
export function withCtrl(text: string): string {
  if (text.length !== 1) return text;
  const code = text.toUpperCase().charCodeAt(0);
  if (code >= 0x40 && code <= 0x5f) return String.fromCharCode(code & 0x1f);
  switch (text) {
    case "?":
      return "\x7f";
    case " ":
    case "2":
      return "\x00";
    case "/":
      return "\x1f";
    default:
      return text;
  }
}

/** Reports that terminals send without a key being typed: focus, and mouse in its encodings. */
export function isReport(data: string): boolean {
  return /^(?:\x1b\[[IO]|(?:\x1b\[<\d+;\d+;\d+[Mm])+|\x1b\[M[^]{3})$/.test(data);
}
