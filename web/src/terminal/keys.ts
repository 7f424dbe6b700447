/** What the keys of the key bar send. Pure. */

export type BarKey =
  | "esc" | "shift-tab" | "tab" | "enter" | "ctrl-c" | "slash"
  | "up" | "down" | "left" | "right"; // prettier-ignore

const FIXED: Readonly<Partial<Record<BarKey, string>>> = {
  esc: "\x1b",
  "shift-tab": "\x1b[Z",
  tab: "\t",
  enter: "\r",
  "ctrl-c": "\x03",
  slash: "/",
};
const ARROWS: Readonly<Partial<Record<BarKey, string>>> = { up: "A", down: "B", right: "C", left: "D" };

/**
 * The bytes of a key, as text. `applicationCursor` is the terminal's DECCKM mode: programs that set it expect ESC O
 * before an arrow. With `ctrl` or `alt` arrows carry the modifier; other keys become what a keyboard makes of them.
 */
export function keySequence(key: BarKey, modes: { readonly applicationCursor: boolean; readonly ctrl: boolean; readonly alt: boolean }): string {
  const arrow = ARROWS[key];
  if (arrow !== undefined) {
    if (modes.ctrl || modes.alt) return `\x1b[1;${1 + (modes.alt ? 2 : 0) + (modes.ctrl ? 4 : 0)}${arrow}`;
    return (modes.applicationCursor ? "\x1bO" : "\x1b[") + arrow;
  }
  const fixed = FIXED[key] ?? "";
  const controlled = modes.ctrl ? withCtrl(fixed) : fixed;
  return modes.alt ? withAlt(controlled) : controlled;
}

/** `text` as it is with Alt held down: after an escape. More than one character is no key. */
export function withAlt(text: string): string {
  return [...text].length === 1 ? `\x1b${text}` : text;
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
