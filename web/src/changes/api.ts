/** What the gateway says of a session's directory. */
import { getJson, type Answer } from "../net/api";

export interface Hunk {
  readonly old: number;
  readonly new: number;
  readonly heading: string;
  /** Each with its sign: space, plus, minus, backslash. */
  readonly lines: readonly string[];
}

export interface FileChange {
  readonly path: string;
  /** What names the file in addresses; "" when its name holds a secret. */
  readonly key: string;
  readonly old_path: string;
  readonly status: string;
  readonly old_mode: string;
  readonly new_mode: string;
  readonly binary: boolean;
  readonly submodule: boolean;
  readonly conflict: boolean;
  readonly cut: boolean;
  readonly added: number;
  readonly removed: number;
  readonly digest: string;
  readonly deferred: boolean;
  readonly hunks: readonly Hunk[];
}

export interface Changes {
  readonly same: false;
  readonly kind: "git" | "none";
  readonly base: string;
  readonly branch: string;
  readonly whole: boolean;
  readonly unlisted: number;
  readonly digest: string;
  readonly unknown_start: boolean;
  readonly turn: Turn | null;
  readonly since: { readonly kind: "recorded" | "commit"; readonly left_out: number } | null;
  readonly added: number;
  readonly removed: number;
  readonly files: readonly FileChange[];
  readonly cwd?: string;
  readonly agent_cwd?: string;
}

/** One turn of the session's agent; `known` is whether its changes can be told. Times are microseconds. */
export interface Turn {
  readonly n: number;
  readonly began: number;
  readonly ended: number;
  readonly phase: string;
  readonly prompt: string;
  readonly known: boolean;
}

export interface Same {
  readonly same: true;
  readonly digest: string;
}

export interface Entry {
  readonly name: string;
  readonly path: string;
  readonly key: string;
  readonly kind: "directory" | "file" | "link" | "special";
  readonly size: number;
  readonly change: string;
  readonly target: string;
}

export interface Listing {
  readonly same: false;
  readonly digest: string;
  readonly entries: readonly Entry[];
  readonly whole: boolean;
  readonly ignored: number;
  readonly cwd: string;
  readonly agent_cwd: string;
}

export interface FileContent {
  readonly same: false;
  readonly digest: string;
  readonly path: string;
  readonly size: number;
  readonly kind: "text" | "image" | "binary";
  readonly media_type: string;
  readonly text: string;
  readonly data: string;
  readonly cut: boolean;
}

// git has 15 s for what it is asked; another look may be before ours.
const TIMEOUT_MS = 40_000;

function of(session: string, what: string, query: Readonly<Record<string, string>>): string {
  const words = Object.entries(query).filter(([, value]) => value !== "");
  const more = words.length === 0 ? "" : `?${new URLSearchParams(words).toString()}`;
  return `/api/v1/sessions/${encodeURIComponent(session)}/${what}${more}`;
}

/** What changed against `base`: head, staged, unstaged, start, or turn:N. */
export function changesOf(session: string, base: string, have = "", path = ""): Promise<Answer<Changes | Same>> {
  const [kind = "", turn = ""] = base.split(":");
  return getJson(of(session, "changes", { base: kind, turn, have, path }), (body) => body as Changes | Same, TIMEOUT_MS);
}

export function turnsOf(session: string): Promise<Answer<readonly Turn[]>> {
  return getJson(of(session, "turns", {}), (body) => (body as { turns: Turn[] }).turns, TIMEOUT_MS);
}

export function listingOf(session: string, path: string, have = ""): Promise<Answer<Listing | Same>> {
  return getJson(of(session, "files", { path, have }), (body) => body as Listing | Same, TIMEOUT_MS);
}

export function contentOf(session: string, path: string, have = ""): Promise<Answer<FileContent | Same>> {
  return getJson(of(session, "files/content", { path, have }), (body) => body as FileContent | Same, TIMEOUT_MS);
}
