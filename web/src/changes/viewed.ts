/** Which files were viewed, on this device: by their content, so that a file that changes again is new. */
import { keep, kept } from "../app/preferences";

const KEPT = 1_000;
const KEY = "tether.viewed";

function all(): string[] {
  return kept(KEY).split(" ").filter((one) => one !== "");
}

export function viewedNow(): ReadonlySet<string> {
  return new Set(all());
}

/** Tick or untick a content; what is viewed now. */
export function mark(digest: string, viewed: boolean): ReadonlySet<string> {
  const others = all().filter((one) => one !== digest);
  const now = viewed ? [...others, digest].slice(-KEPT) : others;
  keep(KEY, now.join(" "));
  return new Set(now);
}
