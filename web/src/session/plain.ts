/** Text of others (titles, names) on one line, without anything that moves what stands around it. Pure. */

// Controls, and what changes the direction of text or is not seen at all.
const UNSEEN = /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

export function plainText(text: string, chars = 120): string {
  const plain = text.replace(UNSEEN, " ").replace(/ {2,}/g, " ").trim();
  const letters = Array.from(plain);
  return letters.length > chars ? `${letters.slice(0, chars - 1).join("")}…` : plain;
}

/** A count of bytes for people. */
export function byteCount(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.max(1, Math.round(bytes / 1_000))} kB`;
  return `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`;
}
