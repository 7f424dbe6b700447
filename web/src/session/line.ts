/** The line of one attachment: messages in and out of a connection, under the session's own id. */
import { batch } from "@preact/signals";

import type { SessionInfo } from "../net/api";
import { Connection } from "../net/connection";
import type { OpenRequest, TransportName } from "../net/link";
import { decode, encode, NO_SESSION, type Message, WireError } from "../wire";
import type { FromBrowser } from "../wire.gen";
import type { Mode } from "./display";
import { fromHex, toHex } from "./identity";
import type { Size } from "./sizing";

/** What the next attachment begins with. */
export interface Opening {
  readonly mode: Mode;
  readonly size: Size | null;
  readonly after: number;
  readonly epoch: number;
}

/** What the line tells. */
export interface Listener {
  opening(): Opening;
  message(message: Message): void;
  down(): void;
  info(info: SessionInfo): void;
}

export class Line {
  readonly connection: Connection;
  #sid: Uint8Array = NO_SESSION;
  #request = 0;

  constructor(
    private readonly session: string,
    private readonly client: Uint8Array,
    private readonly name: string,
    private readonly listener: Listener,
    transport: TransportName | null,
  ) {
    this.connection = new Connection(
      session,
      {
        request: () => this.#open(listener.opening()),
        frame: (frame) => this.#receive(frame),
        down: () => listener.down(),
        info: (info) => this.#introduced(info),
        ping: () => this.say({ tag: "ping", req: this.request() }),
      },
      transport,
    );
  }

  /** A number for the next thing that is asked. */
  request(): number {
    return ++this.#request;
  }

  /** Send `message`; while there is no line it goes nowhere. */
  say(message: FromBrowser): void {
    if (this.connection.live) this.connection.send(encode(this.#sid, message));
  }

  #open({ mode, size, after, epoch }: Opening): OpenRequest {
    const cells = size ?? { cols: 0, rows: 0 };
    const attach = encode(this.#sid, {
      tag: "attach", req: this.request(), client: this.client, name: this.name, kind: "web", mode,
      ...cells, take: false, after, epoch, device: "",
    }); // prettier-ignore
    return { session: this.session, client: toHex(this.client), name: this.name, mode, ...cells, after, epoch, attach };
  }

  #introduced(info: SessionInfo): void {
    if (/^[0-9a-f]{32}$/.test(info.sid)) this.#sid = fromHex(info.sid);
    this.listener.info(info);
  }

  #receive(frame: Uint8Array): void {
    try {
      const { sid, message } = decode(frame);
      if (message.tag === "attached") this.#sid = sid;
      batch(() => this.listener.message(message));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      console.warn("tether:", error.message);
      this.connection.reopen("protocol");
    }
  }
}
