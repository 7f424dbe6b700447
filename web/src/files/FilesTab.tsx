import "../styles/changes.css";
import "../styles/files.css";

import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { changesOf, contentOf, listingOf, type Entry, type FileContent, type Listing } from "../changes/api";
import { Blocks } from "../changes/Blocks";
import { useLooking } from "../changes/looking";
import { words } from "../changes/words";
import type { Failure } from "../net/api";
import type { TabProps } from "../session/tabs";
import { text } from "../strings";
import { go, sessionPath } from "../ui/route";
import { Splash } from "../ui/Splash";
import { fromChanges, rowsOf, type TreeRow } from "./tree";

const LINE_PX = 20;

/** The session's directory, to read: a tree, and one file of it. The address says which. */
export function FilesTab({ id, rest }: TabProps) {
  const [listings, setListings] = useState<ReadonlyMap<string, Listing>>(new Map());
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set(above(rest)));
  const [changed, setChanged] = useState<readonly Entry[] | null>(null);
  const [changedOnly, setChangedOnly] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const known = useRef("");

  useLooking(async () => {
    if (changedOnly) {
      const answer = await changesOf(id, "head", changed === null ? "" : known.current);
      setFailure(answer.ok ? null : answer.failure);
      if (!answer.ok || answer.value.same) return;
      known.current = answer.value.digest;
      setChanged(fromChanges(answer.value.files));
      return;
    }
    let failed: Failure | null = null;
    for (const path of ["", ...open]) {
      const answer = await listingOf(id, path, listings.get(path)?.digest ?? "");
      if (!answer.ok) {
        if (path === "") failed = answer.failure;
        else if (answer.failure.kind === "refused") setOpen((now) => new Set([...now].filter((one) => one !== path)));
      } else if (!answer.value.same) {
        const news = answer.value;
        setListings((now) => new Map(now).set(path, news));
      }
    }
    setFailure(failed);
  }, [id, changedOnly, [...open].join("\n")]);

  const root = listings.get("");
  const rows = useMemo(() => (changedOnly ? (changed ?? []).map((entry): TreeRow => ({ entry, level: 1, open: null })) : rowsOf(listings, open)), [listings, open, changedOnly, changed]);
  if (root === undefined && failure !== null) {
    return <Splash title={words.failedFiles} hint={failure.kind === "refused" ? failure.message : text.listFailed} state="stopped" />;
  }
  if (root === undefined && !changedOnly) return <Splash title={text.loading} />;
  const choose = (row: TreeRow) => {
    if (row.entry.kind === "file" && row.entry.key !== "") return go(sessionPath(id, "files", row.entry.key));
    if (row.entry.kind !== "directory" || row.entry.key === "") return undefined;
    const now = new Set(open);
    if (!now.delete(row.entry.key)) now.add(row.entry.key);
    return setOpen(now);
  };
  return (
    <div class="files" data-testid="files" data-file={rest !== ""}>
      <div class="files-side">
        <div class="files-bar">
          <label class="tick"><input type="checkbox" checked={changedOnly} onChange={() => setChangedOnly(!changedOnly)} data-testid="changed-only" /> {words.changedOnly}</label>
          {root !== undefined && root.ignored > 0 && !changedOnly && <span class="files-ignored">{words.ignored(root.ignored)}</span>}
        </div>
        {root !== undefined && (
          <p class="files-where">{words.cwd} <bdi class="mono">{root.cwd}</bdi>
            {root.agent_cwd !== "" && root.agent_cwd !== root.cwd && <><br />{words.agentCwd} <bdi class="mono">{root.agent_cwd}</bdi></>}
          </p>
        )}
        <Tree rows={rows} chosen={rest} choose={choose} />
        {rows.length === 0 && <p class="changes-note">{changedOnly ? words.none : words.empty}</p>}
        {root !== undefined && !root.whole && <p class="changes-note">{words.more}</p>}
      </div>
      <div class="files-main">
        {rest === "" ? <Splash title={words.pick} hint={words.pickHint} /> : <Viewer key={rest} id={id} file={rest} />}
      </div>
    </div>
  );
}

/** The directories above a key. */
function above(key: string): string[] {
  const parts = key.split("/");
  return parts.slice(0, -1).map((_, at) => parts.slice(0, at + 1).join("/"));
}

function Tree({ rows, chosen, choose }: { rows: readonly TreeRow[]; chosen: string; choose(row: TreeRow): void }) {
  const [at, setAt] = useState(0);
  const here = Math.min(at, Math.max(0, rows.length - 1));
  const list = useRef<HTMLUListElement>(null);
  const focus = (index: number) => {
    if (index < 0 || index >= rows.length) return;
    setAt(index);
    list.current?.querySelectorAll<HTMLElement>("[role=treeitem]")[index]?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[here];
    if (row === undefined) return;
    switch (event.key) {
      case "ArrowDown": focus(here + 1); break;
      case "ArrowUp": focus(here - 1); break;
      case "Home": focus(0); break;
      case "End": focus(rows.length - 1); break;
      case "ArrowRight": if (row.open === false) choose(row); else if (row.open === true) focus(here + 1); break;
      case "ArrowLeft":
        if (row.open === true) choose(row);
        else focus(rows.slice(0, here).findLastIndex((one) => one.level < row.level));
        break;
      case "Enter": case " ": choose(row); break;
      default: return;
    }
    event.preventDefault();
  };
  return (
    <ul class="tree" role="tree" aria-label={words.tree} ref={list} onKeyDown={onKeyDown} data-testid="tree">
      {rows.map((row, index) => (
        <li key={row.entry.path} role="treeitem" class="leaf" tabIndex={index === here ? 0 : -1} aria-level={row.level}
          aria-expanded={row.open === null ? undefined : row.open} aria-selected={row.entry.key !== "" && row.entry.key === chosen}
          data-path={row.entry.path} data-change={row.entry.change} data-kind={row.entry.kind} style={{ "--level": String(row.level) }}
          onClick={() => { setAt(index); choose(row); }} title={titleOf(row.entry)}>
          <span class="leaf-sign" aria-hidden="true">{row.open === null ? "" : row.open ? "▾" : "▸"}</span>
          <bdi class="leaf-name">{row.entry.name}{row.entry.kind === "directory" ? "/" : ""}</bdi>
          {row.entry.change !== "" && <span class="leaf-mark" data-mark={row.entry.change}>{words.marks[row.entry.change] ?? row.entry.change}</span>}
        </li>
      ))}
    </ul>
  );
}

function titleOf(entry: Entry): string {
  if (entry.kind === "link") return words.link(entry.target);
  return entry.kind === "special" ? words.special : entry.path;
}

function Viewer({ id, file }: { id: string; file: string }) {
  const [found, setFound] = useState<FileContent | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  useLooking(async () => {
    const answer = await contentOf(id, file, found?.digest ?? "");
    setFailure(answer.ok ? null : answer.failure);
    if (answer.ok && !answer.value.same) setFound(answer.value);
    if (!answer.ok && answer.failure.kind === "refused") setFound(null);
  }, [id, file]);
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => head.current?.focus(), [found === null]);
  const back = <a class="button small files-back" href={sessionPath(id, "files")}>{words.backToTree}</a>;
  if (found === null) {
    if (failure === null) return <Splash title={text.loading} />;
    return <Splash title={words.failedFiles} hint={failure.kind === "refused" ? failure.message : text.listFailed} state="refused">{back}</Splash>;
  }
  return (
    <article class="viewer" data-testid="viewer" data-kind={found.kind}>
      <header class="change-head">
        {back}
        <h2 class="change-name" tabIndex={-1} ref={head}><bdi class="mono change-path" title={found.path}>{found.path}</bdi></h2>
        <span class="counts">{words.bytes(found.size)}</span>
      </header>
      {failure !== null && <p class="changes-note" role="status">{words.stale}</p>}
      <Shown found={found} />
    </article>
  );
}

function Shown({ found }: { found: FileContent }) {
  const lines = useMemo(() => found.text.replace(/\n$/, "").split("\n"), [found.text]);
  if (found.kind === "binary") return <Splash title={words.binaryFile} hint={words.binaryFileHint(words.bytes(found.size))} state="binary" />;
  // Of these kinds alone, by their bytes: none can hold a program, and no address is asked for it.
  if (found.kind === "image") {
    if (found.data === "" || !/^image\/(?:png|jpeg|gif|webp)$/.test(found.media_type)) return <p class="changes-note">{words.imageLarge}</p>;
    return <div class="picture"><img src={`data:${found.media_type};base64,${found.data}`} alt={found.path} /></div>;
  }
  return (
    <div class="viewer-lines mono">
      <Blocks count={lines.length} height={LINE_PX}
        render={(from, to) => lines.slice(from, to).map((line, at) => <div class="vl" key={from + at}><span class="ln">{from + at + 1}</span><code>{line}</code></div>)} />
      {found.cut && <p class="changes-note">{words.cutFile}</p>}
    </div>
  );
}
