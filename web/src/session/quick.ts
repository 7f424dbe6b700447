/** What one touch answers: replies that fit what the agent does, and a person's own phrases. Pure but for the store. */
import { keep, kept } from "../app/preferences";
import { needsAttention, type Attended } from "../fleet/attention";

/** What is typed by one touch, and whether Enter follows. */
export interface Quick {
  readonly text: string;
  readonly send: boolean;
}

const STORE = "tether.snippets";
const SNIPPETS_MAX = 40;
const CHARS_MAX = 4_000;
const USUAL: readonly Quick[] = [
  { text: "continue", send: true },
  { text: "/compact", send: true },
];

/**
 * Replies to what the session shows. That it is a dialog is known from the agent beside its terminal, never read off the
 * screen: then a number chooses, and an Enter after it would answer the next one. Nobody tells of a shell: it may ask y or n.
 */
export function repliesTo(row: Attended): readonly Quick[] {
  const doing = row.activity?.state ?? "unknown";
  if (needsAttention(row) === "terminal") return ["1", "2", "3", "y", "n"].map((text) => ({ text, send: text > "9" }));
  return doing === "unknown" ? ["y", "n"].map((text) => ({ text, send: true })) : [];
}

/** The phrases of this device. */
export function loadSnippets(): readonly Quick[] {
  try {
    const found = JSON.parse(kept(STORE)) as unknown;
    if (Array.isArray(found)) return found.filter(isQuick).slice(0, SNIPPETS_MAX);
  } catch {
    // Nobody chose any yet.
  }
  return USUAL;
}

export function saveSnippets(snippets: readonly Quick[]): void {
  keep(STORE, JSON.stringify(snippets));
}

/** With `text` as the newest phrase, if it says something that is not there yet. */
export function withSnippet(snippets: readonly Quick[], text: string, send: boolean): readonly Quick[] {
  const said = text.trim();
  if (said === "" || said.length > CHARS_MAX || snippets.length >= SNIPPETS_MAX || snippets.some((one) => one.text === said)) return snippets;
  return [...snippets, { text: said, send }];
}

/** A phrase as its chip shows it. */
export function shortOf(text: string): string {
  const line = text.split("\n")[0] ?? "";
  const chars = Array.from(line);
  return chars.length > 18 ? `${chars.slice(0, 17).join("")}…` : line === text ? line : `${line}…`;
}

function isQuick(one: unknown): one is Quick {
  const { text, send } = (one ?? {}) as Partial<Quick>;
  return typeof text === "string" && text !== "" && text.length <= CHARS_MAX && typeof send === "boolean";
}
