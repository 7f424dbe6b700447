// @vitest-environment happy-dom
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { needsAttention, type Attended } from "../src/fleet/attention";
import { fits } from "../src/fleet/filter";
import { focused, lastLines } from "../src/float/choice";
import { isUnread, nextWaiting, ordered } from "../src/fleet/order";
import type { SessionInfo } from "../src/net/api";
import { routeOf, sessionPath } from "../src/ui/route";

interface Case { readonly name: string; readonly row: Attended; readonly reason: string | null }
const CASES = JSON.parse(readFileSync("../tests/data/attention.json", "utf8")) as Case[];

describe("attention", () => {
  it.each(CASES.map((one) => [one.name, one] as const))("%s", (_, one) => expect(needsAttention(one.row)).toBe(one.reason));
});

let made = 0;
function session(doing: string, more: Partial<SessionInfo> = {}): SessionInfo {
  made += 1;
  return {
    sid: "", id: `id${made}`, provider: "codex", title: "", state: "running", cwd: "/home/a/project", detail: "", created: made, ended: 0, since: made,
    cols: 80, rows: 24, exit_code: null, exit_signal: null, stopped_by: "", controller: "", clients: 0, approvals: [],
    activity: doing === "" ? null : { state: doing.split(":")[0] ?? "", detail: doing.split(":")[1] ?? "", since: made, source: "hook", why: "" },
    ...more,
  };
}

describe("order", () => {
  it("puts who waits first, the longest first, and the ended last, however they came", () => {
    const wanted = [
      session("waiting:approval"), session("waiting:approval"), session("waiting:question"), session("error"),
      session("done", { id: "unread" }), session("working"), session(""), session("idle", { id: "read" }), session("", { state: "exited", ended: 5 }),
    ];
    const seen = ({ id }: SessionInfo) => (id === "unread" ? 0 : 1e9);
    for (let turn = 0; turn < 20; turn++) {
      const mixed = wanted.map((row) => [Math.random(), row] as const).sort((a, b) => a[0] - b[0]).map(([, row]) => row);
      expect(ordered(mixed, seen).map((row) => row.id)).toEqual(wanted.map((row) => row.id));
    }
  });

  it("goes round who waits", () => {
    const rows = [session("waiting:approval"), session("waiting:question"), session("working")];
    expect(nextWaiting(rows, "")?.id).toBe(rows[0]?.id);
    expect(nextWaiting(rows, rows[0]?.id ?? "")?.id).toBe(rows[1]?.id);
    expect(nextWaiting(rows, rows[1]?.id ?? "")?.id).toBe(rows[0]?.id);
    expect(nextWaiting([session("working")], "")).toBeNull();
  });

  it("calls unread what was over after somebody looked", () => {
    expect(isUnread(session("done", { since: 9 }), 1e9)).toBe(false);
    expect(isUnread(session("done"), 0)).toBe(true);
    expect(isUnread(session("working"), 0)).toBe(false);
    expect(isUnread(session("", { state: "exited", ended: 50 }), 40)).toBe(true);
  });
});

describe("filter", () => {
  const row = session("waiting:approval", { title: "Fix the auth bug", cwd: "/srv/shop" });
  it.each(["auth", "AUTH bug", "shop", "state:waiting", "state:attention", "agent:codex auth", "state:appr", "state:needs", ""])("%s fits", (query) =>
    expect(fits(row, query, ["needs approval"])).toBe(true));
  it.each(["login", "state:idle", "agent:claude", "auth login"])("%s does not", (query) => expect(fits(row, query, ["needs approval"])).toBe(false));
});

describe("routes", () => {
  it.each([
    ["/", { page: "list" }],
    ["/s/ab12", { page: "session", id: "ab12", tab: "terminal", rest: "" }],
    ["/remote/session/ab12", { page: "session", id: "ab12", tab: "terminal", rest: "" }],
    ["/s/ab12/changes/src/a%20b.py", { page: "session", id: "ab12", tab: "changes", rest: "src/a b.py" }],
    ["/approvals/4d7k", { page: "approvals", rest: "4d7k" }],
    ["/settings", { page: "settings", rest: "" }],
    ["/s/ab12/nonsense", { page: "nowhere" }],
    ["/s/", { page: "nowhere" }],
    ["/settings/more", { page: "nowhere" }],
    ["/s/%zz", { page: "nowhere" }],
    ["/other", { page: "nowhere" }],
  ])("%s", (path, wanted) => expect(routeOf(path)).toEqual(wanted));

  it("makes addresses that lead back", () => {
    expect(routeOf(sessionPath("ab12", "files", "a b/ü.txt"))).toEqual({ page: "session", id: "ab12", tab: "files", rest: "a b/ü.txt" });
  });
});

describe("the floating console", () => {
  it("shows who was chosen, who needs somebody, or who works", () => {
    const [asks, works, idle] = [session("waiting:question"), session("working"), session("idle")];
    expect(focused([asks, works, idle], idle.id)).toBe(idle);
    expect(focused([works, asks, idle], "gone")).toBe(asks);
    expect(focused([idle, works], "")).toBe(works);
    expect(focused([idle], "")).toBe(idle);
    expect(focused([], "")).toBeNull();
  });

  it("ends with the last line that says something", () => {
    expect(lastLines("one\ntwo  \nthree\n\n  \n", 2)).toBe("two\nthree");
    expect(lastLines("", 2)).toBe("");
  });
});
