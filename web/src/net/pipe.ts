/** What carries the messages of a device's channel, in their order: a WebSocket, or plain HTTP. */
import { MARK, openExchange, type Exchange } from "./exchange";
import type { TransportName } from "./link";
import type { Bytes } from "./noise";

export const CLOSE_UNKNOWN = 4401;
const ADDRESS = "/api/v1/channel";

export interface PipeEvents {
  /** The first message may be sent. */
  open(): void;
  message(message: Bytes): void;
  /** `code` is a close code, or 0. Called once, and not after `close()`. */
  closed(code: number, reason: string): void;
}

export interface Pipe {
  readonly transport: TransportName;
  send(message: Bytes): void;
  /** The channel's name, which the gateway told in its answer: by plain HTTP there is no going on without. */
  named(channel: string): void;
  close(): void;
}

export function openPipe(transport: TransportName, events: PipeEvents): Pipe {
  return transport === "http" ? openPosts(events) : openSocket(events);
}

function openSocket(events: PipeEvents): Pipe {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}${ADDRESS}`);
  socket.binaryType = "arraybuffer";
  let over = false;
  socket.onopen = () => over || events.open();
  socket.onmessage = (message: MessageEvent<ArrayBuffer>) => over || events.message(new Uint8Array(message.data));
  socket.onclose = (close) => {
    if (over) return;
    over = true;
    events.closed(close.code, close.reason);
  };
  return {
    transport: "ws",
    send: (message) => socket.readyState === WebSocket.OPEN && socket.send(message),
    named: () => undefined,
    close() {
      over = true;
      socket.close();
    },
  };
}

function openPosts(events: PipeEvents): Pipe {
  let name: string | null = null;
  let exchange: Exchange | null = null;
  let over = false;
  const begin = (body: Bytes) =>
    openExchange(
      (signal) =>
        fetch(ADDRESS, { method: "POST", headers: { ...MARK, "Content-Type": "application/octet-stream" }, body, signal, cache: "no-store" }),
      () => (name === null ? null : `${ADDRESS}/${name}`),
      {
        frame: (message) => events.message(new Uint8Array(message)),
        closed: (reason, status) => events.closed(status === 401 ? CLOSE_UNKNOWN : 0, reason),
      },
    );
  queueMicrotask(() => over || events.open());
  return {
    transport: "http",
    send(message) {
      if (over) return;
      if (exchange === null) exchange = begin(message);
      else exchange.send(message);
    },
    named: (channel) => void (name = /^[0-9a-f]{32}$/.test(channel) ? channel : null),
    close() {
      over = true;
      exchange?.close();
    },
  };
}
