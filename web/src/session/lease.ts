/** Who may type. Pure: what the gateway says of the lease becomes what the page has to do about it. */
import type { Mode, NoticeKind } from "./display";

/** What follows from news of the lease. */
export interface Turn {
  /** What was sent under another epoch went to nobody. */
  readonly rewind: boolean;
  /** Control is surely not ours: whoever lost it did not mean these keys for whatever the session shows later. */
  readonly withdraw: boolean;
  /** Control is gone for now; its size with it. */
  readonly released: boolean;
  /** Control came back by itself. */
  readonly regained: boolean;
  readonly tell: Extract<NoticeKind, "displaced" | "released" | "regained"> | null;
}

export class Lease {
  epoch = 0;
  mode: Mode | "" = "";
  #taking = false;

  /** `wanted`: what to ask for when the line is made anew. */
  constructor(public wanted: Mode) {}

  /** Somebody here asks for control. */
  take(): void {
    this.wanted = "control";
    this.#taking = true;
  }

  /** Somebody here gives control up. */
  release(): void {
    this.wanted = "observe";
  }

  /** The gateway's word on attaching. `byOther`: another client holds it; if not, the gateway may only not be whole yet. */
  attached(mode: string, epoch: number, holder: string, byOther: boolean): Turn {
    return this.#turn(mode, epoch, holder, mode !== "control" && byOther, false);
  }

  /** The lease changed hands while we were attached. */
  told(mode: string, epoch: number, holder: string): Turn {
    const back = mode === "control" && this.mode === "observe" && !this.#taking;
    return this.#turn(mode, epoch, holder, mode !== "control", back);
  }

  #turn(mode: string, epoch: number, holder: string, lost: boolean, regained: boolean): Turn {
    const had = this.mode;
    const rewind = epoch !== this.epoch;
    this.epoch = epoch;
    this.mode = mode === "control" ? "control" : "observe";
    if (mode === "control") {
      this.wanted = "control";
      this.#taking = false;
    }
    const displaced = lost && had === "control" && this.wanted !== "observe";
    if (displaced) this.wanted = "observe";
    const tell = regained ? "regained" : !displaced ? null : holder === "" ? "released" : "displaced";
    return { rewind, withdraw: lost, released: mode !== "control", regained, tell };
  }
}
