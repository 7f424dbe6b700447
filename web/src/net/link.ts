/** One connection to a session, whatever carries its frames. */

export type TransportName = "ws" | "http";

export interface LinkEvents {
  /** A frame arrived. */
  frame(frame: Uint8Array): void;
  /** The connection is over. `code` is a WebSocket close code, or 0. Called once, and not after `close()`. */
  closed(code: number, reason: string): void;
}

export interface Link {
  readonly transport: TransportName;
  /** Frames sent before the connection stands wait for it. */
  send(frame: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

/** What both transports need to open an attachment; the HTTP one says in its query what the WebSocket says in Attach. */
export interface OpenRequest {
  readonly session: string;
  readonly client: string;
  readonly name: string;
  readonly mode: "control" | "observe";
  readonly cols: number;
  readonly rows: number;
  readonly after: number;
  readonly epoch: number;
  /** The same as a frame. */
  readonly attach: Uint8Array<ArrayBuffer>;
}
