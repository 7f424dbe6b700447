// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";

import { loadSnippets, repliesTo, saveSnippets, shortOf, withSnippet } from "../src/session/quick";

const row = (state: string, detail = "") => ({ state: "running", activity: { state, detail }, approvals: [] });

describe("quick replies", () => {
  it("choose in a dialog that the agent is known to show, without the Enter that would answer the next", () => {
    const replies = repliesTo(row("waiting", "terminal"));
    expect(replies.map((one) => one.text)).toEqual(["1", "2", "3", "y", "n"]);
    expect(replies.filter((one) => one.send).map((one) => one.text)).toEqual(["y", "n"]);
  });

  it("are y and n where nobody tells what is shown, and none while an agent works or a decision has its card", () => {
    expect(repliesTo({ state: "running", activity: null }).map((one) => one.text)).toEqual(["y", "n"]);
    expect(repliesTo(row("unknown")).map((one) => one.text)).toEqual(["y", "n"]);
    expect(repliesTo(row("working"))).toEqual([]);
    expect(repliesTo({ ...row("waiting", "approval"), approvals: ["4d7k2m9p"] })).toEqual([]);
  });
});

describe("a person's phrases", () => {
  beforeEach(() => localStorage.clear());

  it("are kept, each once", () => {
    expect(loadSnippets().map((one) => one.text)).toEqual(["continue", "/compact"]);
    const chosen = withSnippet([], " run the tests ", false);
    saveSnippets(chosen);
    expect(loadSnippets()).toEqual([{ text: "run the tests", send: false }]);
    expect(withSnippet(chosen, "run the tests", true)).toBe(chosen);
    expect(withSnippet(chosen, "  ", true)).toBe(chosen);
    saveSnippets([]);
    expect(loadSnippets()).toEqual([]);
  });

  it("that are no phrases are left out", () => {
    localStorage.setItem("tether.snippets", JSON.stringify([{ text: 7, send: true }, null, "x", { text: "ok", send: true }]));
    expect(loadSnippets()).toEqual([{ text: "ok", send: true }]);
    localStorage.setItem("tether.snippets", "{");
    expect(loadSnippets()).toHaveLength(2);
  });

  it("are short on their chips", () => {
    expect(shortOf("continue")).toBe("continue");
    expect(shortOf("two\nlines")).toBe("two…");
    expect(shortOf("你".repeat(30))).toBe(`${"你".repeat(17)}…`);
  });
});
