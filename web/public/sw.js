// The page's shell without a network. Nothing that belongs to a session is ever kept: what is under /api passes by.
const SHELL = "tether-shell-1";

self.addEventListener("install", (event) => {
  event.waitUntil(keepShell().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const drop = caches.keys().then((names) => Promise.all(names.filter((name) => name !== SHELL).map((name) => caches.delete(name))));
  event.waitUntil(drop.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const request = event.request;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || url.pathname.startsWith("/api/")) return;
  if (request.mode === "navigate") event.respondWith(fromNetwork(request));
  else if (url.pathname.startsWith("/assets/")) event.respondWith(fromCache(request));
});

/** The page names the assets of its build: both are kept together, and what is of no build any more goes. */
async function keepShell() {
  const response = await fetch("/", { cache: "no-cache" });
  if (!response.ok) return;
  const names = [...(await response.clone().text()).matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((found) => found[1]);
  const cache = await caches.open(SHELL);
  await cache.put("/", response);
  await Promise.all(names.map((name) => cache.add(name).catch(() => undefined)));
}

/** Every address is the same page. One that is new brings its assets with it. */
async function fromNetwork(request) {
  try {
    const response = await fetch(request);
    if (response.ok) {
      const cache = await caches.open(SHELL);
      const known = await cache.match("/");
      const [before, now] = await Promise.all([known ? known.text() : "", response.clone().text()]);
      if (before !== now && (response.headers.get("content-type") || "").startsWith("text/html")) {
        for (const old of await cache.keys()) if (new URL(old.url).pathname.startsWith("/assets/")) await cache.delete(old);
        await keepShell();
      }
    }
    return response;
  } catch (error) {
    const kept = await caches.match("/", { cacheName: SHELL });
    if (kept) return kept;
    throw error;
  }
}

/** Assets' names hold their own hash: what is kept is right for ever. */
async function fromCache(request) {
  const cache = await caches.open(SHELL);
  const kept = await cache.match(request);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}
