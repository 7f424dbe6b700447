/** The HTTP transport, for networks that block WebSocket: frames come as one long answer and go as posts. */
import { pack, Unpacker } from "./framing";
import type { Link, LinkEvents, OpenRequest } from "./link";

const POST_BYTES_MAX = 512 * 1024;
const MARK = { "X-Tether": "1" };

export function openHttp(request: OpenRequest, events: LinkEvents): Link {
  const base = `/api/v1/sessions/${encodeURIComponent(request.session)}`;
  const stop = new AbortController();
  let over = false;
  let streaming = false;
  let posting = false;
  let waiting: Uint8Array[] = [];

  const end = (reason: string) => {
    if (over) return;
    over = true;
    stop.abort();
    events.closed(0, reason);
  };

  const post = async () => {
    // One at a time: two requests may overtake each other, and input has an order.
    if (posting || !streaming) return;
    posting = true;
    try {
      while (waiting.length > 0 && !over) {
        const body = pack(nextBatch());
        const answer = await fetch(`${base}/frames?client=${request.client}`, {
          method: "POST",
          headers: { ...MARK, "Content-Type": "application/octet-stream" },
          body,
          signal: stop.signal,
        });
        if (!answer.ok) return end(`HTTP ${answer.status}`);
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
    const answer = await fetch(`${base}/stream?${query(request)}`, { headers: MARK, signal: stop.signal, cache: "no-store" });
    if (!answer.ok || answer.body === null) return end(`HTTP ${answer.status}`);
    const unpacker = new Unpacker();
    const reader = answer.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (over) return;
      if (done) return end("the answer ended");
      for (const frame of unpacker.feed(value)) {
        // The gateway knows the attachment from its first frame on.
        streaming = true;
        if (!over) events.frame(frame);
      }
      void post();
    }
  };
  read().catch((error: unknown) => end(String(error)));

  return {
    transport: "http",
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

function query(request: OpenRequest): URLSearchParams {
  return new URLSearchParams({
    after: String(request.after),
    client: request.client,
    mode: request.mode,
    name: request.name,
    cols: String(request.cols),
    rows: String(request.rows),
    epoch: String(request.epoch),
  });
}
