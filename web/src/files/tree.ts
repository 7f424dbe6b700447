/** The tree as rows, top to bottom. Pure. */
import type { Entry, FileChange, Listing } from "../changes/api";

export interface TreeRow {
  readonly entry: Entry;
  /** From 1. */
  readonly level: number;
  /** Whether a directory is open; null for what is none. */
  readonly open: boolean | null;
}

/** Rows of all directories that are open and known, from the root ("") on. */
export function rowsOf(listings: ReadonlyMap<string, Pick<Listing, "entries">>, open: ReadonlySet<string>): readonly TreeRow[] {
  const rows: TreeRow[] = [];
  const add = (path: string, level: number) => {
    for (const entry of listings.get(path)?.entries ?? []) {
      const isOpen = entry.kind === "directory" ? open.has(entry.key) && entry.key !== "" : null;
      rows.push({ entry, level, open: isOpen });
      if (isOpen === true) add(entry.key, level + 1);
    }
  };
  add("", 1);
  return rows;
}

/** Changed files as entries of one flat list; what was removed is no file any more. */
export function fromChanges(files: readonly Pick<FileChange, "path" | "key" | "status">[]): readonly Entry[] {
  return files.map(({ path, key, status }) => ({
    name: path, path, key: status === "D" ? "" : key, kind: status === "D" ? "special" : "file", size: 0, change: status, target: "",
  }));
}
