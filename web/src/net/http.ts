/** The HTTP transport, for networks that block WebSocket: frames come as one long answer and go as posts. */
import { MARK, openExchange } from "./exchange";
import type { Link, LinkEvents, OpenRequest } from "./link";

export function openHttp(request: OpenRequest, events: LinkEvents): Link {
  const base = `/api/v1/sessions/${encodeURIComponent(request.session)}`;
  // The gateway knows the attachment from its first frame on.
  let known = false;
  const exchange = openExchange(
    (signal) => fetch(`${base}/stream?${query(request)}`, { headers: MARK, signal, cache: "no-store" }),
    () => (known ? `${base}/frames?client=${request.client}` : null),
    {
      frame(frame) {
        known = true;
        events.frame(frame);
      },
      closed: (reason) => events.closed(0, reason),
    },
  );
  return { transport: "http", ...exchange };
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
