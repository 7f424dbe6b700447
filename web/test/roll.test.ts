import { describe, expect, it } from "vitest";

import { completed, everyone, NOBODY, told } from "../src/fleet/roll";
import type { SessionInfo } from "../src/net/api";

function session(id: string, more: Partial<SessionInfo> = {}): SessionInfo {
  return {
    sid: "", id, provider: "shell", title: "", state: "running", cwd: "", detail: "", created: 1, ended: 0, since: 1, cols: 80, rows: 24,
    exit_code: null, exit_signal: null, stopped_by: "", controller: "", clients: 0, ...more,
  };
}
const ended = (id: string) => session(id, { state: "exited", ended: 2, exit_code: 0 });
const ids = (sessions: readonly SessionInfo[]) => sessions.map((one) => one.id);

describe("the roll of sessions", () => {
  const known = completed(told(NOBODY, { whole: true, sessions: [session("a"), session("b")] }), [session("a"), session("b"), ended("old")]);

  it("begins incomplete, and is complete once all were asked for", () => {
    expect(told(NOBODY, { whole: true, sessions: [] }).incomplete).toBe(true);
    expect(known.incomplete).toBe(false);
    expect(ids(everyone(known))).toEqual(["a", "b", "old"]);
  });

  it("takes changes one by one, and an end for good", () => {
    const changed = told(known, { whole: false, sessions: [session("a", { title: "x" }), ended("b"), session("c")] });
    expect(changed.incomplete).toBe(false);
    expect(changed.live.get("a")?.title).toBe("x");
    expect(ids([...changed.live.values()])).toEqual(["a", "c"]);
    expect([...changed.ended.keys()]).toEqual(["old", "b"]);
    expect(told(changed, { whole: false, sessions: [session("b")] }).live.has("b")).toBe(false);
  });

  it("asks again when a whole list misses one whose end nobody told", () => {
    const after = told(known, { whole: true, sessions: [session("a")] });
    expect(after.incomplete).toBe(true);
    expect(ids(everyone(completed(after, [session("a"), ended("b")])))).toEqual(["a", "b"]);
  });

  it("keeps what it was told last of one that an older list calls ended", () => {
    expect(completed(known, [ended("old")]).live.has("a")).toBe(true);
    expect(completed(known, [ended("a")]).ended.has("a")).toBe(false);
  });
});
