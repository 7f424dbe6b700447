/** Who this page is to the gateway: a client id that outlives a reload, and a name that people recognise. */
import { LIMITS } from "../wire.gen";
import type { SavedTyping } from "./typing";

const CLIENT_KEY = "tether.client";
const LOCK_WAIT_MS = 400;

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/**
 * This tab's client id. A duplicated tab gets a copy of the other's session storage: the lock tells them apart, for two
 * pages that number their input under one id would take each other's place again and again.
 */
export function clientId(): Promise<Uint8Array> {
  mine ??= findClientId();
  return mine;
}

let mine: Promise<Uint8Array> | undefined;

async function findClientId(): Promise<Uint8Array> {
  const saved = read(CLIENT_KEY);
  if (saved !== null && /^[0-9a-f]{32}$/.test(saved) && (await hold(saved))) return fromHex(saved);
  const made = crypto.getRandomValues(new Uint8Array(LIMITS.CLIENT_ID_BYTES));
  write(CLIENT_KEY, toHex(made));
  await hold(toHex(made));
  return made;
}

/** Hold the id's lock for as long as the page lives. False when another page holds it. */
async function hold(id: string): Promise<boolean> {
  // Plain http beyond this machine has no locks; there a duplicated tab is told that it was replaced.
  if (!("locks" in navigator)) return true;
  return new Promise((resolve) => {
    navigator.locks
      .request(`tether.client.${id}`, { signal: AbortSignal.timeout(LOCK_WAIT_MS) }, () => {
        resolve(true);
        return new Promise<void>(() => undefined);
      })
      .catch(() => resolve(false));
  });
}

interface StoredTyping {
  readonly client: string;
  readonly at: number;
  readonly next: number;
  readonly pending: readonly (readonly [n: number, hex: string])[];
}

/** What this tab typed into the session and was not acknowledged before the page went away. */
export function loadTyping(client: Uint8Array, session: string): SavedTyping | undefined {
  try {
    const saved = JSON.parse(read(typingKey(session)) ?? "null") as StoredTyping | null;
    if (saved === null || saved.client !== toHex(client) || !Number.isSafeInteger(saved.next)) return undefined;
    return { at: saved.at, next: saved.next, pending: saved.pending.map(([n, hex]) => [n, fromHex(hex)] as const) };
  } catch {
    return undefined;
  }
}

export function saveTyping(client: Uint8Array, session: string, typing: SavedTyping): void {
  const pending = typing.pending.map(([n, data]) => [n, toHex(data)] as const);
  const stored: StoredTyping = { client: toHex(client), at: typing.at, next: typing.next, pending };
  write(typingKey(session), JSON.stringify(stored));
}

function typingKey(session: string): string {
  return `tether.typing.${session}`;
}

function read(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // Storage is full or forbidden: the page works, and a reload begins as a new client.
  }
}

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\b(Firefox|FxiOS)\//, "Firefox"],
  [/\b(Chrome|CriOS|Chromium|HeadlessChrome)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b|\bMacintosh\b/, "macOS"],
  [/\bLinux\b/, "Linux"],
];

/** "Chrome on Linux", from the browser's own description. */
export function browserName(userAgent: string): string {
  const browser = BROWSERS.find(([pattern]) => pattern.test(userAgent))?.[1] ?? "Browser";
  const system = SYSTEMS.find(([pattern]) => pattern.test(userAgent))?.[1];
  return system === undefined ? browser : `${browser} on ${system}`;
}
