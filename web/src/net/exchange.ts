/**
 * Frames both ways without a WebSocket: downwards as one long answer, upwards as posts, each frame with its length before
 * it.
 */
import { pack, Unpacker } from "./framing";

const POST_BYTES_MAX = 512 * 1024;
export const MARK = { "X-Tether": "1" };

export interface ExchangeEvents {
  frame(frame: Uint8Array): void;
  /** The exchange is over. `status` is the HTTP status that ended it, or 0. Called once, and not after `close()`. */
  closed(reason: string, status: number): void;
}

export interface Exchange {
  /** Frames wait until there is an address for them. */
  send(frame: Uint8Array): void;
  close(): void;
}

/** `open` asks for the long answer; `where` is the address of posts, null while there is none. */
export function openExchange(open: (signal: AbortSignal) => Promise<Response>, where: () => string | null, events: ExchangeEvents): Exchange {
  const stop = new AbortController();
  let over = false;
  let posting = false;
  let waiting: Uint8Array[] = [];

  const end = (reason: string, status = 0) => {
    if (over) return;
    over = true;
    stop.abort();
    events.closed(reason, status);
  };

  const post = async () => {
    // One at a time: two requests may overtake each other, and what they carry has an order.
    if (posting) return;
    posting = true;
    try {
      for (let address = where(); address !== null && waiting.length > 0 && !over; address = where()) {
        const body = pack(nextBatch());
        const headers = { ...MARK, "Content-Type": "application/octet-stream" };
        const answer = await fetch(address, { method: "POST", headers, body, signal: stop.signal });
        if (!answer.ok) return end(`HTTP ${answer.status}`, answer.status);
      }
    } catch (error) {
      return end(String(error));
    } finally {
      posting = false;
    }
  };

  const nextBatch = (): Uint8Array[] => {
    let bytes = 0;
    const fits = waiting.findIndex((frame, at) => (bytes += frame.length) > POST_BYTES_MAX && at > 0);
    return waiting.splice(0, fits < 0 ? waiting.length : fits);
  };

  const read = async () => {
    const answer = await open(stop.signal);
    if (!answer.ok || answer.body === null) return end(`HTTP ${answer.status}`, answer.status);
    const unpacker = new Unpacker();
    const reader = answer.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (over) return;
      if (done) return end("the answer ended");
      for (const frame of unpacker.feed(value)) if (!over) events.frame(frame);
      void post();
    }
  };
  read().catch((error: unknown) => end(String(error)));

  return {
    send(frame) {
      waiting.push(frame);
      void post();
    },
    close() {
      over = true;
      waiting = [];
      stop.abort();
    },
  };
}
