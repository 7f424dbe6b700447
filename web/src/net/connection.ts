/**
 * Keeps a line to the gateway: opens it, notices that it died, finds out why, and opens it again, for as long as there
 * is a session to show. Knows nothing of what the frames mean.
 */
import { signal } from "@preact/signals";

import { retryDelay } from "../session/retry";
import { getSession, type SessionInfo } from "./api";
import { forceTransport, openChannel } from "./channel";
import { knownDevice } from "./device";
import { openHttp } from "./http";
import type { Link, OpenRequest, TransportName } from "./link";
import { openWebSocket } from "./websocket";

/** Why the line is down, as far as people can use it. */
export type Cause = "offline" | "silent" | "closed" | "restarting" | "refused" | "protocol" | "unreachable";

export type Status =
  | { readonly state: "connecting" }
  | { readonly state: "live" }
  | { readonly state: "reconnecting"; readonly attempt: number; readonly cause: Cause; readonly retryAt: number }
  | { readonly state: "stopped"; readonly attempt: number; readonly retryAt: number }
  | { readonly state: "signed-out" }
  | { readonly state: "unknown"; readonly message: string }
  | { readonly state: "replaced" }
  | { readonly state: "ended" };

export interface ConnectionEvents {
  /** What to open the line with, now. */
  request(): OpenRequest;
  frame(frame: Uint8Array): void;
  /** The line is down; `since` is when it was last up, in ms. */
  down(): void;
  /** The gateway told about the session before the line stood. */
  info(session: SessionInfo): void;
  /** Ask for a sign of life. */
  ping(): void;
}

const OPEN_MS = 10_000;
const TICK_MS = 3_000;
const QUIET_MS = 5_000;
const DEAD_MS = 10_000;
const WAKE_MS = 2_500;
const STOPPED_AFTER_MS = 3_000;
const SOCKET_FAILURES = 3;
const CLOSE_REPLACED = 4409;
const CLOSE_RESTARTING = 1012;

export class Connection {
  readonly status = signal<Status>({ state: "connecting" });
  readonly transport = signal<TransportName>("ws");

  #link: Link | null = null;
  #established = false;
  #attempt = 0;
  #socketFailures = 0;
  #unreachableSince = 0;
  #heard = 0;
  #ticked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #probing = false;

  constructor(
    private readonly session: string,
    private readonly events: ConnectionEvents,
    private readonly forced: TransportName | null = null,
  ) {
    this.transport.value = forced ?? "ws";
    forceTransport(forced);
  }

  get live(): boolean {
    return this.#established;
  }

  /** Open the line for the first time, having looked whether there is such a session for us. */
  start(): void {
    this.#ticker = setInterval(() => this.#tick(Date.now()), TICK_MS);
    this.#ticked = Date.now();
    void this.#probe();
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    this.#link?.send(frame);
  }

  /** The gateway answered: the line stands. */
  established(): void {
    this.#established = true;
    if (this.#link !== null) this.transport.value = this.#link.transport;
    this.#attempt = 0;
    this.#socketFailures = 0;
    this.#unreachableSince = 0;
    clearTimeout(this.#timer);
    this.status.value = { state: "live" };
  }

  /** Give this line up and open another one. */
  reopen(cause: Cause): void {
    if (this.#link === null) return;
    this.#drop();
    this.#schedule(cause);
  }

  /** Try at once. */
  retry(): void {
    const state = this.status.value.state;
    if (state === "live" || state === "ended" || this.#link !== null) return;
    clearTimeout(this.#timer);
    if (state !== "reconnecting" && state !== "stopped") this.status.value = { state: "connecting" };
    void this.#probe();
  }

  /** The page is looked at again, or the network is back: do not trust a line that may have died meanwhile. */
  wake(): void {
    const state = this.status.value.state;
    if (state === "reconnecting" || state === "stopped") this.retry();
    else if (this.#established) {
      const asked = Date.now();
      this.events.ping();
      setTimeout(() => {
        if (this.#established && this.#heard < asked) this.reopen("silent");
      }, WAKE_MS);
    }
  }

  /** Another page took this client's place, or the session is over: no line any more. */
  finish(state: "ended" | "replaced"): void {
    this.#drop();
    clearTimeout(this.#timer);
    this.status.value = { state };
  }

  close(): void {
    this.#drop();
    clearTimeout(this.#timer);
    clearInterval(this.#ticker);
  }

  #open(): void {
    const direct = this.transport.value === "http" ? openHttp : openWebSocket;
    const opener = knownDevice() === null ? direct : openChannel;
    this.#heard = Date.now();
    this.#timer = setTimeout(() => this.#failed("silent"), OPEN_MS);
    const link = opener(this.events.request(), {
      frame: (frame) => {
        if (this.#link !== link) return;
        this.#heard = Date.now();
        this.events.frame(frame);
      },
      closed: (code) => {
        if (this.#link !== link) return;
        if (code === CLOSE_REPLACED) this.finish("replaced");
        else this.#failed(code === CLOSE_RESTARTING ? "restarting" : "closed");
      },
    });
    this.#link = link;
  }

  #failed(cause: Cause): void {
    if (!this.#established && this.transport.value === "ws") this.#socketFailures++;
    this.#drop();
    this.#schedule(cause);
  }

  #drop(): void {
    const stood = this.#established;
    this.#link?.close();
    this.#link = null;
    this.#established = false;
    if (stood) this.events.down();
  }

  #schedule(cause: Cause): void {
    clearTimeout(this.#timer);
    this.#attempt++;
    const delay = retryDelay(this.#attempt, Math.random());
    const retryAt = Date.now() + delay;
    this.#timer = setTimeout(() => void this.#probe(), delay);
    const stopped = this.#unreachableSince > 0 && Date.now() - this.#unreachableSince >= STOPPED_AFTER_MS;
    this.status.value =
      stopped && navigator.onLine
        ? { state: "stopped", attempt: this.#attempt, retryAt }
        : { state: "reconnecting", attempt: this.#attempt, cause: navigator.onLine ? cause : "offline", retryAt };
  }

  /** A refused WebSocket does not say why: ask by HTTP first. */
  async #probe(): Promise<void> {
    if (this.#probing || this.#link !== null) return;
    this.#probing = true;
    const answer = await getSession(this.session);
    this.#probing = false;
    if (this.status.value.state === "ended") return;
    if (answer.ok) {
      this.#unreachableSince = 0;
      this.events.info(answer.value);
      if (this.forced === null && this.#socketFailures >= SOCKET_FAILURES) this.transport.value = "http";
      this.#open();
    } else if (answer.failure.kind === "unreachable") {
      this.#unreachableSince ||= Date.now();
      this.#schedule("unreachable");
    } else {
      this.#refused(answer.failure.status, answer.failure.message);
    }
  }

  #refused(status: number, message: string): void {
    this.#unreachableSince = 0;
    if (status === 401) this.status.value = { state: "signed-out" };
    else if (status === 404 || status === 409) this.status.value = { state: "unknown", message };
    else this.#schedule("refused");
  }

  #tick(now: number): void {
    const slept = now - this.#ticked > 5 * TICK_MS;
    this.#ticked = now;
    if (!this.#established) return;
    if (slept) this.wake();
    else if (now - this.#heard >= DEAD_MS) this.reopen("silent");
    else if (now - this.#heard >= QUIET_MS) this.events.ping();
  }
}
