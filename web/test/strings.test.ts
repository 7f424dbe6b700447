import { describe, expect, it } from "vitest";

import { en } from "../src/strings/en";
import { zhCN } from "../src/strings/zh-CN";
import { en as sessionEn, zhCN as sessionZh } from "../src/session/words";

// Names, keys of a keyboard and commands are the same in every language.
const SAME = /^(Tether|WebSocket|HTTP|Esc|⇧?Tab|Ctrl|Alt|\^[A-Z]|PgUp|PgDn|Home|End|Ins|Del|F\d+|A[−+]|tether [a-z -]+|English|中文|[^A-Za-z]*)$/;

type Table = { readonly [key: string]: unknown };

/** Every text of a table with its key; functions are called with numbers and with a sign that is no word. */
function texts(table: Table, at = ""): [string, string][] {
  return Object.entries(table).flatMap(([key, value]): [string, string][] => {
    const here = at === "" ? key : `${at}.${key}`;
    if (typeof value === "string") return [[here, value]];
    if (typeof value === "function") return [[here, String((value as (...args: unknown[]) => string)(7, 8))]];
    return texts(value as Table, here);
  });
}

describe("languages", () => {
  it("have the same keys, down to the last", () => {
    expect(texts(zhCN as Table).map(([key]) => key)).toEqual(texts(en as Table).map(([key]) => key));
    expect(texts(sessionZh as Table).map(([key]) => key)).toEqual(texts(sessionEn as Table).map(([key]) => key));
  });

  it.each([...texts(zhCN as Table), ...texts(sessionZh as Table)])("%s is Chinese", (_, words) => {
    expect(SAME.test(words) || /[\u4e00-\u9fff]/.test(words)).toBe(true);
  });
});
