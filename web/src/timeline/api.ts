/** A session's past, to read. */
import { getJson, type Answer } from "../net/api";
import type { Span } from "./axis";

export interface Mark {
  readonly seq: number;
  readonly ts: number;
  readonly kind: string;
  readonly text: string;
}

export interface Timeline {
  readonly same: false;
  readonly complete: boolean;
  readonly seq: number;
  readonly ended: number;
  readonly spans: readonly Span[];
  readonly marks: readonly Mark[];
}

export interface Moment {
  readonly seq: number;
  readonly ts: number;
  readonly cols: number;
  readonly rows: number;
  readonly exact: boolean;
  /** Base64. */
  readonly data: string;
}

export interface LogEvent {
  readonly kind: string;
  readonly seq: number;
  readonly ts: number;
  readonly data?: string;
  readonly cols?: number;
  readonly rows?: number;
}

export interface Hit {
  readonly seq: number;
  readonly ts: number;
  readonly line: string;
}

export interface Found {
  readonly id: string;
  readonly title: string;
  readonly hits: readonly Hit[];
  readonly next: number;
}

const TIMEOUT_MS = 20_000;
const of = (session: string) => `/api/v1/sessions/${encodeURIComponent(session)}`;

/** `have` is the event up to which it is known here, 0 for none. */
export function timelineOf(session: string, have: number): Promise<Answer<Timeline | { readonly same: true; readonly ended: number }>> {
  return getJson(`${of(session)}/timeline${have > 0 ? `?have=${have}` : ""}`, (body) => body as Timeline | { same: true; ended: number }, TIMEOUT_MS);
}

/** The screen at a time (microseconds) or as of an event. */
export function momentOf(session: string, where: { readonly at: number } | { readonly seq: number }): Promise<Answer<Moment>> {
  const query = "at" in where ? `at=${Math.max(1, Math.round(where.at))}` : `seq=${where.seq}`;
  return getJson(`${of(session)}/timeline/screen?${query}`, (body) => body as Moment, TIMEOUT_MS);
}

export function eventsOf(session: string, after: number): Promise<Answer<readonly LogEvent[]>> {
  return getJson(`${of(session)}/events?after=${after}&limit=256`, (body) => (body as { events: LogEvent[] }).events, TIMEOUT_MS);
}

export function searchIn(session: string, wanted: string, before: number): Promise<Answer<Found>> {
  const query = new URLSearchParams({ q: wanted, ...(before > 0 ? { before: String(before) } : {}) });
  return getJson(`${of(session)}/search?${query.toString()}`, (body) => body as Found, TIMEOUT_MS);
}

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
