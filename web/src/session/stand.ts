/** A mounted session page: its attachment, its terminal, and what keeps both in step with the page. */
import { effect, signal, type Signal } from "@preact/signals";

import { mark } from "../fleet/unread";
import type { TransportName } from "../net/link";
import { text } from "../strings";
import { LEAVE_KEY } from "../terminal/leave";
import { modified, NONE, used, type Held } from "../terminal/modifiers";
import type { Screen } from "../terminal/screen";
import type { Question } from "../ui/Sheet";
import { called } from "../ui/title";
import { Attachment } from "./attachment";
import { draftOf } from "./compose";
import { browserName, clientId } from "./identity";
import type { Selected } from "./SelectionBar";
import { words } from "./words";

/** Everything that one mounted session page has. */
export interface Stand {
  readonly attachment: Attachment;
  readonly screen: Screen;
}

/** What a session page keeps in sight while its terminal comes and goes. */
export interface Desk {
  /** Ctrl and Alt of the key bar. */
  readonly held: Signal<Held>;
  /** What waits for a yes. */
  readonly question: Signal<Question | null>;
  /** Somebody reads what has scrolled off. */
  readonly up: Signal<boolean>;
  /** What is selected by touch. */
  readonly selected: Signal<Selected | null>;
  /** How much of a picture is on its way to the agent; null when none is. */
  readonly sending: Signal<number | null>;
  /** Takes pictures for the agent; what the page makes of them is set when it is whole. */
  readonly pictures: Signal<(files: readonly File[]) => void>;
  /** The prompt that is being written. */
  readonly draft: Signal<string>;
}

export const coarse = matchMedia("(pointer: coarse)").matches;

export function desk(id: string): Desk {
  return { held: signal<Held>(NONE), question: signal<Question | null>(null), up: signal(false), selected: signal<Selected | null>(null), sending: signal<number | null>(null), pictures: signal((_files: readonly File[]) => undefined as void), draft: signal(draftOf(id)) };
}

function options(): { mode: "control" | "observe"; transport: TransportName | null; webgl: boolean } {
  const query = new URLSearchParams(location.search);
  const transport = query.get("transport");
  return {
    mode: query.get("mode") === "observe" ? "observe" : "control",
    transport: transport === "http" || transport === "ws" ? transport : null,
    // Automated browsers read the terminal's text from the DOM.
    webgl: !coarse && query.get("renderer") !== "dom" && !navigator.webdriver,
  };
}

/** Make the attachment to `id` and its terminal in `host`, of which `area` is seen. */
export async function stand(id: string, area: HTMLElement, host: HTMLElement, { held, question, up, selected, pictures }: Desk): Promise<Stand> {
  const chosen = options();
  const [client, { Screen }] = await Promise.all([clientId(), import("../terminal/screen")]);
  const attachment = new Attachment(id, client, browserName(navigator.userAgent), chosen);
  const screen = new Screen({
    area,
    host,
    coarse,
    webgl: chosen.webgl,
    label: text.terminal,
    hint: words.leaveHint(LEAVE_KEY),
    mayAnswer: () => attachment.mode.value === "control" && !attachment.modelled,
    top: () => attachment.older(),
    link: (address) => { question.value = { kind: "link", address }; },
    lines: (pasted, paste) => { question.value = { kind: "paste", text: pasted, paste }; },
    pictures: (files) => pictures.value(files),
    clip: (offered) => attachment.offerClip(offered),
    data: (bytes, origin) => attachment.type(bytes, origin),
    scrolled: (back) => { up.value = back; },
    fitted: (size) => attachment.shape.viewport(size),
    selected: (chars, end) => { selected.value = chars === "" ? null : { text: chars, end }; },
    modify(typed) {
      const now = held.value;
      held.value = used(now);
      return modified(typed, now);
    },
  });
  return { attachment, screen };
}

/** Keep the line, and the size, in step with the life of the page. */
export function followPage(attachment: Attachment): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const wake = () => attachment.connection.wake();
  const save = () => attachment.save();
  // What happens while somebody looks has been seen: it is told when they come, and when they leave.
  const seen = () => mark(attachment.session, false);
  const looked = () => { if (document.visibilityState === "visible") seen(); };
  looked();
  signal.addEventListener("abort", looked);
  addEventListener("online", wake, { signal });
  addEventListener("pageshow", wake, { signal });
  addEventListener("pagehide", save, { signal });
  const turned = () => {
    const hidden = document.visibilityState !== "visible";
    attachment.shape.hidden(hidden);
    seen();
    if (hidden) save();
    else wake();
  };
  document.addEventListener("visibilitychange", turned, { signal });
  return () => stop.abort();
}

/** What tests wait on: the state of the page, as attributes, without a render for every event. */
export function mirror(root: HTMLElement, attachment: Attachment): () => void {
  return effect(() => {
    root.dataset["seq"] = String(attachment.seq.value);
    root.dataset["mode"] = attachment.mode.value;
    root.dataset["transport"] = attachment.connection.transport.value;
    root.dataset["ended"] = attachment.ending.value?.kind ?? "";
    root.dataset["size"] = `${attachment.pty.value.cols}x${attachment.pty.value.rows}`;
    called(attachment.title.value || text.terminal);
  });
}
