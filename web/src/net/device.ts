/** What makes this browser a paired device: its key pair, which can't be exported, and the gateway that knows it. */
import { makeKeyPair, type Bytes, type KeyPair } from "./noise";

export interface PairedDevice {
  readonly keys: KeyPair;
  readonly gateway: Bytes;
  readonly id: string;
}

const DATABASE = "tether";
const STORE = "device";
const ME = "me";

let known: Promise<PairedDevice | null> | undefined;
let current: PairedDevice | null = null;

/** The device that this browser is, or null. Asked once. */
export function thisDevice(): Promise<PairedDevice | null> {
  known ??= load().then((found) => (current = found));
  return known;
}

/** The same, as far as it is known already. */
export function knownDevice(): PairedDevice | null {
  return current;
}

/** Can a browser like this one, at an address like this one, hold a device's key? */
export async function canPair(): Promise<boolean> {
  if (!isSecureContext || !("indexedDB" in globalThis)) return false;
  try {
    await makeKeyPair();
    return true;
  } catch {
    return false;
  }
}

export async function remember(device: PairedDevice): Promise<void> {
  await access("readwrite", (store) => store.put(device, ME));
  known = Promise.resolve(device);
  current = device;
  // Without this, browsers may drop what a page stored when space is short.
  await navigator.storage?.persist?.().catch(() => false);
}

/**
 * The gateway says that it does not know this device. Until the next load of the page this browser is none; the key stays,
 * for whoever carries the connection could say so too.
 */
export function setAside(): void {
  known = Promise.resolve(null);
  current = null;
}

async function load(): Promise<PairedDevice | null> {
  if (!("indexedDB" in globalThis)) return null;
  try {
    const found = (await access("readonly", (store) => store.get(ME))) as PairedDevice | undefined;
    return found ?? null;
  } catch {
    return null;
  }
}

function access(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(new Error("no storage"));
    opening.onsuccess = () => {
      const database = opening.result;
      const request = act(database.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(new Error("no storage"));
      request.transaction?.addEventListener("complete", () => database.close());
    };
  });
}
