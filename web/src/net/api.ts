/** The JSON API, as far as the page needs it. Every failure is a value: pages show it, nothing throws. */

import { askAsDevice } from "./channel";

/** A session as the API shows it: the fields of `SessionView`, bytes in hex. */
export interface SessionInfo {
  readonly sid: string;
  readonly id: string;
  readonly provider: string;
  readonly title: string;
  readonly state: string;
  readonly cwd: string;
  readonly detail: string;
  readonly created: number;
  readonly ended: number;
  readonly since: number;
  readonly cols: number;
  readonly rows: number;
  readonly exit_code: number | null;
  readonly exit_signal: number | null;
  readonly stopped_by: string;
  readonly controller: string;
  readonly clients: number;
  /** What its agent does, where that is known. `since` in microseconds since 1970. */
  readonly activity?: Activity | null;
  /** Ids of the approvals that wait. */
  readonly approvals?: readonly string[];
  /** When this device looked at it, in microseconds since 1970; 0: it is to be unread. */
  readonly seen?: number;
  /** US dollars, as its agent tells; "" when it does not. */
  readonly cost_usd?: string;
}

export interface Activity {
  readonly state: string;
  readonly detail: string;
  readonly since: number;
  readonly source: string;
  readonly why: string;
  readonly degraded?: string;
  /** What the agent last reported of its work; absent from an older gateway. */
  readonly said?: string;
}

/** Why there is no answer: nobody answers at all, or the gateway refused. */
export type Failure =
  | { readonly kind: "unreachable" }
  | { readonly kind: "refused"; readonly status: number; readonly message: string; readonly hint: string };

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

const TIMEOUT_MS = 5_000;
const MARK = { "X-Tether": "1" };

/** The live sessions, oldest first, or all of them. */
export function listSessions(all: boolean): Promise<Answer<readonly SessionInfo[]>> {
  return get(`/api/v1/sessions${all ? "?all=1" : ""}`, (body) => (body as { sessions: SessionInfo[] }).sessions);
}

/** The sessions that changed since `after` (0: all that live, `whole`), as soon as there are any or after `waitS`. */
export interface Feed {
  readonly next: number;
  readonly whole: boolean;
  readonly sessions: readonly SessionInfo[];
}

export function getFeed(after: number, waitS: number, signal: AbortSignal): Promise<Answer<Feed>> {
  const init = { headers: MARK, cache: "no-store", signal } as const;
  return ask(`/api/v1/feed?after=${after}&wait=${waitS}`, (body) => body as Feed, init, waitS * 1000 + TIMEOUT_MS);
}

export function getSession(id: string): Promise<Answer<SessionInfo>> {
  return get(`/api/v1/sessions/${encodeURIComponent(id)}`, (body) => (body as { session: SessionInfo }).session);
}

/** An agent that this gateway can run, and where it was found. */
export interface ProviderInfo {
  readonly name: string;
  readonly found: boolean;
  readonly path: string;
}

export function listProviders(): Promise<Answer<readonly ProviderInfo[]>> {
  return get("/api/v1/providers", (body) => (body as { providers: ProviderInfo[] }).providers);
}

/** End the session. */
export function stopSession(id: string): Promise<Answer<null>> {
  return post(`/api/v1/sessions/${encodeURIComponent(id)}/stop`, {}, () => null);
}

/** This device has looked at the session now, or wants it unread; when, by the gateway's clock. Outlives the page. */
export function markSession(id: string, unread: boolean): Promise<Answer<number>> {
  const init = { method: "POST", headers: { ...MARK, "Content-Type": "application/json" }, body: JSON.stringify({ unread }), keepalive: true } as const;
  return ask(`/api/v1/sessions/${encodeURIComponent(id)}/seen`, (body) => (body as { seen: number }).seen, init);
}

/** The session's screen as text. */
export function getScreenText(id: string): Promise<Answer<string>> {
  return get(`/api/v1/sessions/${encodeURIComponent(id)}/screen?form=text`, (body) => (body as { text: string }).text);
}

/** The session's screen as a drawing (SVG); "" when there is none. */
export async function getPicture(id: string): Promise<string> {
  const path = `/api/v1/sessions/${encodeURIComponent(id)}/screen?form=svg`;
  try {
    const response = (await askDevice(path, {})) ?? (await fetch(path, { headers: MARK, signal: AbortSignal.timeout(TIMEOUT_MS) }));
    return response.ok ? await response.text() : "";
  } catch {
    return "";
  }
}

/** One row of the audit log; `ts` in microseconds since 1970. */
export interface AuditEntry {
  readonly seq: number;
  readonly ts: number;
  readonly kind: string;
  readonly actor: string;
  readonly session: string;
  readonly facts: Readonly<Record<string, string>>;
}

/** Rows, the newest first; `next` is where the older ones begin, 0 when there are none. */
export interface AuditPart {
  readonly entries: readonly AuditEntry[];
  readonly next: number;
}

/** The audit log before row `before`, or its newest part (0). */
export function auditEntries(before: number): Promise<Answer<AuditPart>> {
  return get(`/api/v1/audit?limit=200${before > 0 ? `&before=${before}` : ""}`, (body) => body as AuditPart);
}

/** Is this still a gateway that lets us in? */
export function whoAmI(): Promise<Answer<null>> {
  return get("/api/v1/me", () => null);
}

/** A device or a browser of the gateway's machine, as the API shows it; times are seconds. */
export interface DeviceInfo {
  readonly id: string;
  readonly kind: "device" | "desk";
  readonly name: string;
  readonly scopes: readonly string[];
  readonly created: number;
  readonly last_seen: number;
  readonly last_path: string;
  /** It is this browser. */
  readonly this: boolean;
}

export function listDevices(): Promise<Answer<readonly DeviceInfo[]>> {
  return get("/api/v1/devices", (body) => (body as { devices: DeviceInfo[] }).devices);
}

export function revokeDevice(id: string): Promise<Answer<null>> {
  return post("/api/v1/devices/revoke", { device: id }, () => null);
}

/** Trade a ticket for the cookie. */
export async function login(ticket: string): Promise<Answer<null>> {
  return post("/api/v1/login", { ticket }, () => null);
}

export function post<T>(path: string, body: unknown, read: (body: unknown) => T): Promise<Answer<T>> {
  return ask(path, read, { method: "POST", headers: { ...MARK, "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

export function get<T>(path: string, read: (body: unknown) => T): Promise<Answer<T>> {
  return ask(path, read, { headers: MARK, cache: "no-store" });
}

/** As all questions here, for one that may take longer: an answer within `timeoutMs`. */
export function getJson<T>(path: string, read: (body: unknown) => T, timeoutMs: number): Promise<Answer<T>> {
  return ask(path, read, { headers: MARK, cache: "no-store" }, timeoutMs);
}

async function ask<T>(path: string, read: (body: unknown) => T, init: RequestInit, timeoutMs = TIMEOUT_MS): Promise<Answer<T>> {
  let response: Response;
  try {
    response = (await askDevice(path, init, timeoutMs)) ?? (await fetch(path, { ...init, signal: within(timeoutMs, init.signal) }));
  } catch {
    return { ok: false, failure: { kind: "unreachable" } };
  }
  let body: unknown = null;
  try {
    if (response.status !== 204) body = await response.json();
    if (response.ok) return { ok: true, value: read(body) };
  } catch {
    // Not our JSON: something else answers at this address.
  }
  const error = (body as { error?: { message?: string; hint?: string } } | null)?.error;
  const failure: Failure = {
    kind: "refused",
    status: response.status,
    message: error?.message ?? `HTTP ${response.status}`,
    hint: error?.hint ?? "",
  };
  return { ok: false, failure };
}

/** Ends after `timeoutMs`, and with `outer`. (`AbortSignal.any` is too new for some browsers.) */
function within(timeoutMs: number, outer: AbortSignal | null | undefined): AbortSignal {
  if (outer === null || outer === undefined) return AbortSignal.timeout(timeoutMs);
  const both = new AbortController();
  const timer = setTimeout(() => both.abort(), timeoutMs);
  const end = () => { clearTimeout(timer); both.abort(); };
  if (outer.aborted) end();
  else outer.addEventListener("abort", end, { once: true });
  return both.signal;
}

/** The answer through a paired device's channel; null when this browser is no paired device. */
async function askDevice(path: string, init: RequestInit, timeoutMs = TIMEOUT_MS): Promise<Response | null> {
  if (path === "/api/v1/login") return null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error("late")), timeoutMs)));
  const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
  const method = init.method === "POST" ? "POST" : "GET";
  const answer = await Promise.race([askAsDevice(method, path, body), late]).finally(() => clearTimeout(timer));
  return answer === null ? null : new Response(answer.status === 204 ? null : new Uint8Array(answer.body), { status: answer.status });
}
