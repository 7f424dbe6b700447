/** What the page shows of a session beside its screen: what the gateway told of it, and what is told to people once. */
import { signal } from "@preact/signals";

import type { SessionInfo } from "../net/api";
import type { Refused, SessionView } from "../wire.gen";
import type { Notice, NoticeKind } from "./display";
import { endingOfView, type Ending } from "./ending";
import { plainText } from "./plain";

export class Told {
  readonly view = signal<SessionView | null>(null);
  readonly info = signal<SessionInfo | null>(null);
  readonly title = signal("");
  readonly holder = signal("");
  readonly ending = signal<Ending | null>(null);
  readonly notice = signal<Notice | null>(null);
  /** What a program wants on the clipboard; only a person's own act puts it there. */
  readonly clip = signal("");
  #serial = 0;

  introduced(info: SessionInfo): void {
    this.info.value = info;
    this.title.value = plainText(info.title);
  }

  viewed(view: SessionView): void {
    this.view.value = view;
    this.title.value = plainText(view.title);
    this.holder.value = plainText(view.controller, 60);
  }

  /** How the session ended, for whoever shows events up to `seq`; null while it lives, or its end is not shown yet. */
  endingAt(seq: number): Ending | null {
    const view = this.view.value;
    return view === null || seq < view.seq ? null : endingOfView(view);
  }

  /** The session is over. */
  end(ending: Ending): void {
    this.ending.value = ending;
    // The line is closed before the gateway's own word for it comes.
    if (this.view.value !== null) this.view.value = { ...this.view.value, state: ending.kind === "killed" ? "exited" : ending.kind };
    // That nobody controls a session that is over is no news.
    if (this.notice.value?.kind === "released") this.notice.value = null;
  }

  /** Tell once; the same words again are news again. */
  tell(kind: NoticeKind, text = "", hint = ""): void {
    this.notice.value = { serial: ++this.#serial, kind, text, hint };
  }

  refused(message: Refused): void {
    this.tell("refused", message.message, message.hint);
  }

  /** A program wants `text` on the clipboard. */
  offerClip(text: string): void {
    this.clip.value = text;
    this.tell("clipboard", plainText(text, 60));
  }
}
