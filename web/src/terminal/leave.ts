/**
 * The way out of a terminal without a pointer: Tab is the terminal's own. Control and Shift with a letter is a key that
 * no terminal can tell from Control alone, so no program misses it.
 */
export const LEAVE_KEY = "Control+Shift+L";

export function isLeave(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "shiftKey" | "altKey" | "metaKey">): boolean {
  return event.ctrlKey && event.shiftKey && !event.altKey && !event.metaKey && event.key.toLowerCase() === "l";
}
