// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";

import { answersOf, bodyOf, lineKind, offersSession, type Approval } from "../src/approvals/records";

function approval(more: Partial<Approval> = {}): Approval {
  return {
    id: "4d7k2m9p", session: "k3v9x0pq", session_title: "", cwd: "/p", provider: "claude", kind: "command", title: "", intent: "", exact: "make test\n",
    size: 10, sha256: "ab", diff: "", detail: "", options: [], questions: [], created: 0, expires: 0, state: "pending", by: "", decided: 0, reason: "",
    scope: "", effect: "", answers: {}, cut: 0, rule: "", ...more,
  };
}

describe("what is asked", () => {
  it("is the diff where there is one, else the exact bytes", () => {
    expect(bodyOf(approval())).toEqual({ text: "make test", diff: false, more: 0 });
    expect(bodyOf(approval({ diff: "-a\n+b\n" }))).toEqual({ text: "-a\n+b", diff: true, more: 0 });
  });

  it("says how much of it is not shown", () => {
    expect(bodyOf(approval({ exact: "a".repeat(500_007) })).more).toBe(7);
    expect(bodyOf(approval({ cut: 9 })).more).toBe(9);
  });

  it("may be allowed for the session only where the agent offers it", () => {
    expect(offersSession(approval())).toBe(true);
    expect(offersSession(approval({ options: [{ id: "allow", label: "" }, { id: "session", label: "" }] }))).toBe(true);
    expect(offersSession(approval({ options: [{ id: "allow", label: "" }] }))).toBe(false);
    expect(offersSession(approval({ kind: "plan" }))).toBe(false);
  });

  it("is answered when every question is", () => {
    const question = (text: string) => ({ text, header: "", options: [], multiple: true });
    const questions = [question("a?"), question("b?")];
    expect(answersOf(questions, new Map([["a?", ["x"]]]))).toBeNull();
    expect(answersOf(questions, new Map([["a?", ["x", "y"]], ["b?", [" "]]]))).toBeNull();
    expect(answersOf(questions, new Map([["a?", ["x", "y"]], ["b?", ["z"]]]))).toEqual({ "a?": "x, y", "b?": "z" });
  });

  it.each([["+++ b/x", "file"], ["--- a/x", "file"], ["@@ -1 +1 @@", "hunk"], ["+a", "add"], ["-a", "del"], [" a", "same"]] as const)("%s is %s", (line, kind) =>
    expect(lineKind(line)).toBe(kind));
});
