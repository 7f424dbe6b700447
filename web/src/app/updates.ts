/** The service worker, and whether the gateway serves a newer page than this one. */
import { signal } from "@preact/signals";

const LOOK_MS = 60_000;

/** A newer page is there. It is loaded when a person says so, never under their hands. */
export const update = signal(false);

/** The name of the script that a page starts, which holds its build's hash; "" when there is none. Pure. */
export function buildOf(page: string): string {
  return /<script[^>]+type="module"[^>]+src="([^"]+)"/.exec(page)?.[1] ?? "";
}

async function look(own: string): Promise<void> {
  if (document.visibilityState !== "visible" || update.value) return;
  try {
    const response = await fetch("/", { cache: "no-cache" });
    const found = response.ok ? buildOf(await response.text()) : "";
    if (found !== "" && found !== own) update.value = true;
  } catch {
    // Nobody answers now: nothing is newer than what is here.
  }
}

interface ScriptAddresses {
  createPolicy(name: string, rules: { createScriptURL(address: string): string }): { createScriptURL(address: string): string };
}

/** The one script whose address the page's policy lets be made from a text (`trusted-types` in the gate). */
function workerAddress(): string {
  const types = (window as { trustedTypes?: ScriptAddresses }).trustedTypes;
  const only = (address: string) => {
    if (address !== "/sw.js") throw new TypeError("no other script");
    return address;
  };
  return types === undefined ? "/sw.js" : types.createPolicy("tether-worker", { createScriptURL: only }).createScriptURL("/sw.js");
}

/** Keep the shell for when there is no network, and look for newer pages now and then. */
export function follow(): void {
  if ("serviceWorker" in navigator && window.isSecureContext) void navigator.serviceWorker.register(workerAddress()).catch(() => undefined);
  const own = buildOf(document.documentElement.outerHTML);
  if (own === "") return; // the development server's page
  setInterval(() => void look(own), LOOK_MS);
  document.addEventListener("visibilitychange", () => void look(own));
}
