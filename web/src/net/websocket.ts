/** The WebSocket transport: one frame per binary message. */
import type { Link, LinkEvents, OpenRequest } from "./link";

export function openWebSocket(request: OpenRequest, events: LinkEvents): Link {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const path = `/api/v1/sessions/${encodeURIComponent(request.session)}/attach`;
  const socket = new WebSocket(`${scheme}//${location.host}${path}`);
  socket.binaryType = "arraybuffer";
  let over = false;
  const waiting: Uint8Array<ArrayBuffer>[] = [request.attach];

  socket.onopen = () => {
    for (const frame of waiting.splice(0)) socket.send(frame);
  };
  socket.onmessage = (message: MessageEvent<unknown>) => {
    if (!over && message.data instanceof ArrayBuffer) events.frame(new Uint8Array(message.data));
  };
  socket.onclose = (close) => {
    if (over) return;
    over = true;
    events.closed(close.code, close.reason);
  };
  return {
    transport: "ws",
    send(frame) {
      if (socket.readyState === WebSocket.CONNECTING) waiting.push(frame);
      else if (socket.readyState === WebSocket.OPEN) socket.send(frame);
    },
    close() {
      over = true;
      socket.close();
    },
  };
}
