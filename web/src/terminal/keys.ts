/** What the keys of the key bar send. Pure. */

/** Keys as they are sent: what is typed, or what follows an escape. */
const TYPED = {
  esc: "\x1b", "shift-tab": "\x1b[Z", tab: "\t", enter: "\r", newline: "\n", backspace: "\x7f",
  "ctrl-c": "\x03", "ctrl-d": "\x04", "ctrl-z": "\x1a", "ctrl-r": "\x12", "ctrl-l": "\x0c", "ctrl-o": "\x0f", "ctrl-t": "\x14",
  slash: "/", pipe: "|", tilde: "~", dash: "-", underscore: "_", backslash: "\\", backtick: "`", at: "@", hash: "#", dollar: "$",
  exclamation: "!",
} as const; // prettier-ignore
// Sent as ESC [ letter, or ESC O letter where the program wants its cursor keys so.
const CURSOR = { up: "A", down: "B", right: "C", left: "D", home: "H", end: "F" } as const;
const NUMBERED = { insert: 2, delete: 3, pgup: 5, pgdn: 6, f5: 15, f6: 17, f7: 18, f8: 19, f9: 20, f10: 21, f11: 23, f12: 24 } as const;
const LETTERED = { f1: "P", f2: "Q", f3: "R", f4: "S" } as const;

export type BarKey = keyof typeof TYPED | keyof typeof CURSOR | keyof typeof NUMBERED | keyof typeof LETTERED;

export const BAR_KEYS = [TYPED, CURSOR, NUMBERED, LETTERED].flatMap((table) => Object.keys(table)) as readonly BarKey[];

export interface KeyModes {
  /** The terminal's DECCKM mode: programs that set it expect ESC O before a cursor key. */
  readonly applicationCursor: boolean;
  readonly ctrl: boolean;
  readonly alt: boolean;
}

/** The bytes of a key, as text. With `ctrl` or `alt` keys carry the modifier, or become what a keyboard makes of them. */
export function keySequence(key: BarKey, modes: KeyModes): string {
  const modifier = modes.ctrl || modes.alt ? 1 + (modes.alt ? 2 : 0) + (modes.ctrl ? 4 : 0) : 0;
  if (has(CURSOR, key)) return lettered(CURSOR[key], modifier, modes.applicationCursor ? "\x1bO" : "\x1b[");
  if (has(LETTERED, key)) return lettered(LETTERED[key], modifier, "\x1bO");
  if (has(NUMBERED, key)) return `\x1b[${NUMBERED[key]}${modifier > 0 ? `;${modifier}` : ""}~`;
  const typed = TYPED[key];
  const controlled = modes.ctrl ? withCtrl(typed) : typed;
  return modes.alt ? withAlt(controlled) : controlled;
}

function lettered(letter: string, modifier: number, plain: string): string {
  return modifier > 0 ? `\x1b[1;${modifier}${letter}` : plain + letter;
}

function has<T extends object>(table: T, key: PropertyKey): key is keyof T {
  return Object.hasOwn(table, key);
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
