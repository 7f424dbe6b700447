/** What of a clipboard may reach a program. Pure. */

// ESC could end a bracketed paste early and type what follows; the others could do as much in some program.
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g;

/** `text` as a person meant it: lines and tabs stay, every other control character goes. */
export function cleanPaste(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(CONTROLS, "");
}

/** Whether to ask before pasting: without bracketed paste every line end is an Enter that runs what stands before it. */
export function asksFirst(text: string, bracketed: boolean): boolean {
  return !bracketed && text.includes("\n");
}
