/** The table in use. */
import { en, type Strings } from "./en";

export const text: Strings = en;

/** How long ago `micros` (microseconds since 1970) was, in words; "" when it never was. */
export function ageOf(micros: number, nowMs: number): string {
  if (micros <= 0) return "";
  const seconds = Math.max(0, Math.floor(nowMs / 1000 - micros / 1e6));
  if (seconds < 60) return text.seconds(seconds);
  if (seconds < 3600) return text.minutes(Math.floor(seconds / 60));
  if (seconds < 86_400) return text.hours(Math.floor(seconds / 3600));
  return text.days(Math.floor(seconds / 86_400));
}
