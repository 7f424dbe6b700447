/**
 * A paired device's one line to its gateway: a Noise channel with requests and attachments in it, inside a WebSocket, or
 * inside plain HTTP where no WebSocket gets through. The gateway's side is tether/web/channel.py, the parcels are those of
 * tether/web/parcels.py.
 */
import { setAside, thisDevice, type PairedDevice } from "./device";
import { pack, Unpacker } from "./framing";
import type { Link, LinkEvents, OpenRequest, TransportName } from "./link";
import { concat, Initiator, utf8, type Bytes, type Secured } from "./noise";
import { CLOSE_UNKNOWN, openPipe, type Pipe } from "./pipe";
import { Ways } from "./ways";

const REQUEST = 1;
const ANSWER = 2;
const OPEN = 3;
const DATA = 4;
const CLOSE = 5;
const PROLOGUE = utf8("tether/1 session");
const STRETCH = 32 * 1024;
/** So long each way may take. A WebSocket that some box on the way holds up must not keep people waiting. */
const OPEN_MS = { ws: 4_000, http: 10_000 };
const CLOSE_REVOKED = 1008;

export interface ChannelAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** Ask as a device; null when this browser is none (any more). Throws when the gateway can't be reached. */
export async function askAsDevice(method: "GET" | "POST", path: string, body?: unknown): Promise<ChannelAnswer | null> {
  const line = await openLine();
  return line === null ? null : line.ask(method, path, body);
}

/** Attach as a device. */
export function openChannel(request: OpenRequest, events: LinkEvents): Link {
  let over = false;
  let attached: { send(frame: Uint8Array): void; close(): void } | null = null;
  let transport: TransportName = "ws";
  const waiting: Uint8Array[] = [request.attach];
  openLine()
    .then((line) => {
      if (over) return;
      if (line === null) return end(CLOSE_UNKNOWN, "this device is not paired");
      transport = line.transport;
      attached = line.attach(request.session, (frame) => over || events.frame(frame), end);
      for (const frame of waiting.splice(0)) attached.send(frame);
    })
    .catch((error: unknown) => end(0, String(error)));
  const end = (code: number, reason: string) => {
    if (over) return;
    over = true;
    events.closed(code, reason);
  };
  return {
    get transport() {
      return transport;
    },
    send(frame) {
      if (attached === null) waiting.push(frame);
      else attached.send(frame);
    },
    close() {
      over = true;
      attached?.close();
    },
  };
}

/** Go this way and no other (null: as it comes). */
export function forceTransport(transport: TransportName | null): void {
  ways.force(transport);
}

const ways = new Ways();
let standing: Promise<Line> | undefined;

async function openLine(): Promise<Line | null> {
  const device = await thisDevice();
  if (device === null) return null;
  standing ??= openAnyhow(device).catch((error: unknown) => {
    standing = undefined;
    throw error;
  });
  try {
    return await standing;
  } catch (error) {
    if ((await thisDevice()) === null) return null;
    throw error;
  }
}

async function openAnyhow(device: PairedDevice): Promise<Line> {
  let failure: unknown = new Error("no way to the gateway");
  for (const transport of ways.order(Date.now())) {
    try {
      const line = await Line.open(device, transport, () => (standing = undefined));
      ways.worked(transport, Date.now());
      return line;
    } catch (error) {
      failure = error;
      // The gateway said that it does not know this device: it would say so on every way.
      if ((await thisDevice()) === null) break;
    }
  }
  throw failure;
}

interface Attached {
  frame(frame: Uint8Array): void;
  closed(code: number, reason: string): void;
  readonly unpacker: Unpacker;
}

class Line {
  #number = 0;
  #requests = new Map<number, { parts: Uint8Array[]; done(answer: ChannelAnswer): void; failed(error: Error): void }>();
  #attachments = new Map<number, Attached>();

  private constructor(
    private readonly pipe: Pipe,
    private readonly secured: Secured,
    private readonly end: (code: number, reason: string) => void,
  ) {}

  get transport(): TransportName {
    return this.pipe.transport;
  }

  /** `onEnd` is told of the end of a line that stood. */
  static open(device: PairedDevice, transport: TransportName, onEnd: () => void): Promise<Line> {
    const initiator = new Initiator(device.keys, device.gateway, PROLOGUE);
    return new Promise((resolve, reject) => {
      let line: Line | null = null;
      let over = false;
      const end = (code: number, reason: string) => {
        if (over) return;
        over = true;
        clearTimeout(late);
        pipe.close();
        if (code === CLOSE_UNKNOWN || (code === CLOSE_REVOKED && line !== null)) setAside();
        if (line !== null) onEnd();
        line?.ended(code, reason);
        reject(new Error(reason || "the connection was lost"));
      };
      const pipe = openPipe(transport, {
        open: () => void initiator.write(new Uint8Array(0)).then((first) => pipe.send(first)),
        message(message) {
          if (line !== null) return void line.#take(message);
          clearTimeout(late);
          initiator.read(message).then(
            ({ payload, secured }) => {
              pipe.named(String((JSON.parse(new TextDecoder().decode(payload)) as { channel?: string }).channel ?? ""));
              resolve((line = new Line(pipe, secured, end)));
            },
            () => end(0, "this is not the gateway that this device was paired with"),
          );
        },
        closed: end,
      });
      const late = setTimeout(() => end(0, "no answer"), OPEN_MS[transport]);
    });
  }

  ask(method: string, path: string, body?: unknown): Promise<ChannelAnswer> {
    const number = ++this.#number;
    return new Promise((done, failed) => {
      this.#requests.set(number, { parts: [], done, failed });
      this.#send(REQUEST, number, utf8(JSON.stringify({ method, path, ...(body === undefined ? {} : { body }) })));
    });
  }

  attach(session: string, frame: (frame: Uint8Array) => void, closed: (code: number, reason: string) => void) {
    const number = ++this.#number;
    this.#attachments.set(number, { frame, closed, unpacker: new Unpacker() });
    this.#send(OPEN, number, utf8(JSON.stringify({ session })));
    return {
      send: (frame: Uint8Array) => {
        const data = pack([frame]);
        for (let at = 0; at < data.length; at += STRETCH) this.#send(DATA, number, data.slice(at, at + STRETCH));
      },
      close: () => {
        if (this.#attachments.delete(number)) this.#send(CLOSE, number, Uint8Array.of(0x03, 0xe8));
      },
    };
  }

  ended(code: number, reason: string): void {
    for (const one of this.#requests.values()) one.failed(new Error("the connection was lost"));
    for (const one of this.#attachments.values()) one.closed(code, reason);
    this.#requests.clear();
    this.#attachments.clear();
  }

  #send(kind: number, number: number, body: Uint8Array): void {
    const head = new Uint8Array(5);
    head[0] = kind;
    new DataView(head.buffer).setUint32(1, number);
    void this.secured.seal(concat(head, body)).then((sealed) => this.pipe.send(sealed));
  }

  async #take(sealed: Bytes): Promise<void> {
    let plain: Bytes;
    try {
      plain = await this.secured.open(sealed);
    } catch {
      return this.end(0, "a message that does not fit");
    }
    const view = new DataView(plain.buffer);
    const kind = view.getUint8(0);
    const number = view.getUint32(1);
    if (kind === ANSWER) this.#answered(number, view.getUint8(5) === 1, view.getUint16(6), plain.slice(8));
    else if (kind === DATA) {
      const attached = this.#attachments.get(number);
      for (const frame of attached?.unpacker.feed(plain.slice(5)) ?? []) attached?.frame(frame);
    } else if (kind === CLOSE && number === 0) {
      this.end(view.getUint16(5), new TextDecoder().decode(plain.slice(7)));
    } else if (kind === CLOSE) {
      const attached = this.#attachments.get(number);
      this.#attachments.delete(number);
      attached?.closed(view.getUint16(5), new TextDecoder().decode(plain.slice(7)));
    }
  }

  #answered(number: number, last: boolean, status: number, part: Uint8Array): void {
    const request = this.#requests.get(number);
    if (request === undefined) return;
    request.parts.push(part);
    if (!last) return;
    this.#requests.delete(number);
    request.done({ status, body: concat(...request.parts) });
  }
}
