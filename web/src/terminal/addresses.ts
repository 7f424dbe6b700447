/** What a terminal's text may lead to, and what a program may put on the clipboard. Pure. */

const URL_CHARS_MAX = 4_096;
export const CLIPBOARD_BYTES_MAX = 8 * 1024;

/** The address to open, as the browser will understand it (so that a look-alike name shows as what it is); null for what is none. */
export function webAddress(text: string): string | null {
  if (text.length > URL_CHARS_MAX) return null;
  try {
    const url = new URL(text);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

/** The text that OSC 52 wants on the clipboard; null for a question, which is never answered, and for anything odd. */
export function clipboardText(data: string): string | null {
  const encoded = data.slice(data.indexOf(";") + 1);
  if (!data.includes(";") || encoded === "?" || encoded === "" || encoded.length > (CLIPBOARD_BYTES_MAX / 3) * 4 + 4) return null;
  try {
    const bytes = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text === "" ? null : text;
  } catch {
    return null;
  }
}
