/** Where the page is: the list, or one session. */
import { signal } from "@preact/signals";

export type Route = { readonly page: "list" } | { readonly page: "pair" } | { readonly page: "audit" } | { readonly page: "devices" } | { readonly page: "session"; readonly id: string } | { readonly page: "nowhere" };

export function routeOf(path: string): Route {
  if (path === "/" || path === "") return { page: "list" };
  if (path === "/pair") return { page: "pair" };
  if (path === "/audit") return { page: "audit" };
  if (path === "/devices") return { page: "devices" };
  const found = /^\/(?:s|remote\/session)\/([^/]+)\/?$/.exec(path);
  if (found?.[1] === undefined) return { page: "nowhere" };
  try {
    return { page: "session", id: decodeURIComponent(found[1]) };
  } catch {
    return { page: "nowhere" };
  }
}

export const route = signal<Route>(routeOf(location.pathname));

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
  if (routeOf(link.pathname).page === "nowhere") return;
  event.preventDefault();
  go(link.pathname + link.search);
}
