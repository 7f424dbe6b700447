/** A prompt that is written as a whole before it is sent: its history, its draft, and what it is as input. Pure but for the store. */
import { keep, kept } from "../app/preferences";
import { cleanPaste } from "../terminal/pasting";

const HISTORY_MAX = 50;
const PROMPT_CHARS_MAX = 4_000;

/** Prompts that were sent, newest last, and where somebody is in them. */
export class History {
  #sent: readonly string[];
  #at: number;
  #draft = "";

  constructor(sent: readonly string[]) {
    this.#sent = sent;
    this.#at = sent.length;
  }

  get sent(): readonly string[] {
    return this.#sent;
  }

  /** `text` was sent: it is the newest one, once. */
  add(text: string): void {
    if (text.trim() !== "" && text.length <= PROMPT_CHARS_MAX) this.#sent = [...this.#sent.filter((one) => one !== text), text].slice(-HISTORY_MAX);
    this.#at = this.#sent.length;
    this.#draft = "";
  }

  /** One back (-1) or forth (1) from `now`, which is kept behind the newest. */
  step(by: -1 | 1, now: string): string {
    if (this.#at === this.#sent.length) this.#draft = now;
    this.#at = Math.min(this.#sent.length, Math.max(0, this.#at + by));
    return this.#sent[this.#at] ?? this.#draft;
  }
}

/** What the terminal is given: the text as one paste where the program knows pastes, then Enter by itself. */
export function asInput(text: string, bracketed: boolean): { readonly text: string; readonly enter: string } {
  const clean = cleanPaste(text);
  const lines = clean.replace(/\n/g, "\r");
  // Codex takes a return that comes with the text for a part of a paste: it has to come alone.
  return { text: bracketed && clean !== "" ? `\x1b[200~${lines}\x1b[201~` : lines, enter: "\r" };
}

/** Whether a cursor at `at` is where an arrow leaves the text: the first line for up, the last for down. */
export function leaves(text: string, at: number, by: -1 | 1): boolean {
  return by < 0 ? !text.slice(0, at).includes("\n") : !text.slice(at).includes("\n");
}

export function loadHistory(): History {
  try {
    const found = JSON.parse(kept("tether.prompts")) as unknown;
    if (Array.isArray(found)) return new History(found.filter((one): one is string => typeof one === "string").slice(-HISTORY_MAX));
  } catch {
    // Nothing was kept yet.
  }
  return new History([]);
}

export function saveHistory(history: History): void {
  keep("tether.prompts", JSON.stringify(history.sent));
}

/** What is written and not sent is kept for each session, in this browser only. */
export function draftOf(session: string): string {
  return kept(`tether.draft.${session}`);
}

export function keepDraft(session: string, text: string): void {
  keep(`tether.draft.${session}`, text);
}
