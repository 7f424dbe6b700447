/** Where the page is. The address is the only truth: links, reloads and the browser's buttons all come here. */
import { signal } from "@preact/signals";

import { opening } from "../app/preferences";

export const TABS = ["terminal", "read", "changes", "files", "timeline", "info"] as const;
export type Tab = (typeof TABS)[number];

const PAGES = ["approvals", "devices", "audit", "pair", "settings", "float"] as const;
type Page = (typeof PAGES)[number];

export type Route =
  | { readonly page: "list" }
  /** `rest` is what is below the page: an approval's id. */
  | { readonly page: Page; readonly rest: string }
  /** `rest` is what is below the tab: a file's path. */
  | { readonly page: "session"; readonly id: string; readonly tab: Tab; readonly rest: string }
  | { readonly page: "nowhere" };

export function routeOf(path: string): Route {
  if (path === "/" || path === "") return { page: "list" };
  let parts: string[];
  try {
    parts = path.slice(1).replace(/\/$/, "").split("/").map(decodeURIComponent);
  } catch {
    return { page: "nowhere" };
  }
  const page = PAGES.find((name) => name === parts[0]);
  if (page !== undefined) return parts.length <= (page === "approvals" ? 2 : 1) ? { page, rest: parts[1] ?? "" } : { page: "nowhere" };
  const [id, tab = "terminal", ...rest] = parts[0] === "s" ? parts.slice(1) : parts[0] === "remote" && parts[1] === "session" ? parts.slice(2) : [];
  const found = TABS.find((name) => name === tab);
  if (id === undefined || id === "" || found === undefined) return { page: "nowhere" };
  return { page: "session", id, tab: found, rest: rest.join("/") };
}

/** The address of a session's tab; `rest` is a path below it. */
export function sessionPath(id: string, tab: Tab = "terminal", rest = ""): string {
  const below = rest === "" ? "" : `/${rest.split("/").map(encodeURIComponent).join("/")}`;
  return `/s/${encodeURIComponent(id)}${tab === "terminal" ? "" : `/${tab}`}${below}`;
}

/** Where a session is opened from elsewhere: as its terminal or as its text, as this browser's person chose. */
export function sessionHome(id: string): string {
  return sessionPath(id, opening.value);
}

export const route = signal<Route>(routeOf(location.pathname));

/** Another page, with the present one behind the browser's back button. */
export function go(path: string): void {
  history.pushState(null, "", path);
  route.value = routeOf(location.pathname);
}

addEventListener("popstate", () => {
  route.value = routeOf(location.pathname);
});

/** A plain click on a link of ours stays in the page; everything else is the browser's. */
export function followLink(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.("a");
  if (!link || link.origin !== location.origin || link.target !== "" || event.defaultPrevented) return;
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.hasAttribute("download") || routeOf(link.pathname).page === "nowhere") return;
  event.preventDefault();
  go(link.pathname + link.search);
}
