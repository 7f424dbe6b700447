/** Pairing this browser: what a link's fragment holds, and the talk with the gateway. */
import { remember } from "./device";
import { concat, digitsOf, Initiator, makeKeyPair, pskOf, utf8, type Bytes } from "./noise";

export interface Invitation {
  readonly gateway: Bytes;
  readonly secret: Bytes;
  readonly id: Bytes;
}

export type Ended = { readonly ok: true } | { readonly ok: false; readonly reason: string };

const PROLOGUE = utf8("tether/1 pair");
const LINK = 1;
const CODE = 2;
const KEY = 3;

/** Take the invitation out of the address bar and the history, before anything is asked of the network. */
export function takeInvitation(): Invitation | null {
  if (location.pathname !== "/pair" || location.hash.length < 2) return null;
  const fields = new URLSearchParams(location.hash.slice(1));
  history.replaceState(history.state, "", "/pair");
  const gateway = bytesOf(fields.get("g") ?? "");
  const secret = bytesOf(fields.get("k") ?? "");
  const id = bytesOf(fields.get("p") ?? "");
  const fits = fields.get("v") === "1" && gateway.length === 32 && secret.length === 16 && id.length === 8;
  return fits ? { gateway, secret, id } : null;
}

/** A code as people type it: 8 letters and digits, or "". */
export function codeIn(typed: string): string {
  const text = typed.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  return /^[0-9A-HJKMNP-TV-Z]{8}$/.test(text) ? text : "";
}

/** Knock with a link's invitation or with a code. `shown` gets the digits to compare; the end says how it went. */
export async function knock(by: Invitation | string, name: string, platform: string, shown: (digits: string) => void): Promise<Ended> {
  const talk = new Talk();
  try {
    await talk.opened;
    const keys = await makeKeyPair();
    let gateway: Bytes;
    let head: Bytes;
    let initiator: Initiator;
    if (typeof by === "string") {
      talk.send(Uint8Array.of(KEY));
      gateway = await talk.next();
      head = Uint8Array.of(CODE);
      initiator = new Initiator(keys, gateway, PROLOGUE, await pskOf(utf8(by), "code"));
    } else {
      gateway = by.gateway;
      head = concat(Uint8Array.of(LINK), by.id);
      initiator = new Initiator(keys, gateway, concat(PROLOGUE, by.id), await pskOf(by.secret, "link"));
    }
    talk.send(concat(head, await initiator.write(utf8(JSON.stringify({ name, platform })))));
    const { secured } = await initiator.read(await talk.next());
    shown(await digitsOf(secured.hash));
    const verdict = JSON.parse(new TextDecoder().decode(await secured.open(await talk.next()))) as {
      paired: boolean;
      device: string;
      reason: string;
    };
    if (!verdict.paired) return { ok: false, reason: verdict.reason };
    await remember({ keys, gateway, id: verdict.device });
    return { ok: true };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    talk.close();
  }
}

/** The WebSocket of a pairing, as messages to wait for. */
class Talk {
  readonly opened: Promise<void>;
  #socket: WebSocket;
  #got: Bytes[] = [];
  #waiting: { resolve(message: Bytes): void; reject(error: Error): void } | null = null;
  #ended: Error | null = null;

  constructor() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = (this.#socket = new WebSocket(`${scheme}//${location.host}/api/v1/pair`));
    socket.binaryType = "arraybuffer";
    this.opened = new Promise((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onclose = (close) => {
        this.#ended = new Error(close.reason || "the gateway does not answer");
        reject(this.#ended);
        this.#waiting?.reject(this.#ended);
      };
    });
    this.opened.catch(() => undefined);
    socket.onmessage = (message: MessageEvent<ArrayBuffer>) => {
      const data = new Uint8Array(message.data);
      if (this.#waiting === null) this.#got.push(data);
      else this.#waiting.resolve(data);
      this.#waiting = null;
    };
  }

  send(message: Bytes): void {
    this.#socket.send(message);
  }

  next(): Promise<Bytes> {
    const ready = this.#got.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  close(): void {
    this.#socket.close();
  }
}

function bytesOf(text: string): Bytes {
  if (!/^[\w-]*$/.test(text)) return new Uint8Array(0);
  try {
    return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
  } catch {
    return new Uint8Array(0);
  }
}
