/** The ticket in a link's fragment: read once, and gone from the address before anything is sent anywhere. */

/** The ticket in `text`: a whole link, a fragment, or the ticket alone. "" when there is none. */
export function ticketIn(text: string): string {
  const found = /(?:^|[#&?])ticket=([^&#\s]+)/.exec(text.trim());
  if (found?.[1] !== undefined) return decoded(found[1]);
  return /^[\w.~-]+$/.test(text.trim()) ? text.trim() : "";
}

/** Take the ticket out of the address bar and the history. */
export function takeTicket(): string {
  if (!location.hash.includes("ticket=")) return "";
  const ticket = ticketIn(location.hash);
  history.replaceState(history.state, "", location.pathname + location.search);
  return ticket;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
