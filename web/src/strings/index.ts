/** The table in use, and how times and ages are said. */
import { pageLanguage, type Language } from "../app/preferences";
import { en, type Strings } from "./en";
import { zhCN } from "./zh-CN";

export const TABLES: Readonly<Record<Language, Strings>> = { en, "zh-CN": zhCN };

export const language: Language = pageLanguage();
export const text: Strings = TABLES[language];

/** How long ago `micros` (microseconds since 1970) was, in words; "" when it never was. */
export function ageOf(micros: number, nowMs: number): string {
  if (micros <= 0) return "";
  const seconds = Math.max(0, Math.floor(nowMs / 1000 - micros / 1e6));
  if (seconds < 60) return text.seconds(seconds);
  if (seconds < 3600) return text.minutes(Math.floor(seconds / 60));
  if (seconds < 86_400) return text.hours(Math.floor(seconds / 3600));
  return text.days(Math.floor(seconds / 86_400));
}

/** A moment (microseconds since 1970) as this language writes it; "" for never. */
export function timeOf(micros: number): string {
  return micros <= 0 ? "" : new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }).format(micros / 1000);
}
