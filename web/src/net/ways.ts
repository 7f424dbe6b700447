/** Which ways to the gateway are tried, in which order: WebSocket, and plain HTTP where that does not get through. Pure. */
import type { TransportName } from "./link";

/** So often WebSocket must fail and HTTP work at once, one after the other, before HTTP is tried first. */
const MISSES = 2;
/** And for so long: networks change. */
const PREFERRED_MS = 10 * 60_000;

export class Ways {
  #forced: TransportName | null = null;
  #misses = 0;
  #until = 0;

  /** Try this one and no other, or (null) again both. */
  force(transport: TransportName | null): void {
    this.#forced = transport;
  }

  order(now: number): readonly TransportName[] {
    if (this.#forced !== null) return [this.#forced];
    return now < this.#until ? ["http", "ws"] : ["ws", "http"];
  }

  /** The channel stands. */
  worked(transport: TransportName, now: number): void {
    if (this.#forced !== null || (transport === "http" && now < this.#until)) return;
    this.#misses = transport === "http" ? this.#misses + 1 : 0;
    this.#until = this.#misses >= MISSES ? now + PREFERRED_MS : 0;
  }
}
