import type { ComponentChildren } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { changesOf, type FileChange } from "./api";
import { Blocks } from "./Blocks";
import { Counts } from "./ChangesTab";
import { wordMarks } from "./marks";
import { oneLine, rowsOf, type Row, type Side } from "./rows";
import { words } from "./words";

/** How files are looked at. */
export interface Look {
  readonly id: string;
  readonly base: string;
  readonly split: boolean;
  readonly wrap: boolean;
  /** The terminal's address. */
  readonly terminal: string;
  compose(words: string): boolean;
}

const LINE_PX = 20;
const HEADER_PX = 46;
const SCROLLS_CHARS = 48;

/** A name for the file in the document. */
export function headerId(file: FileChange): string {
  return `file-${encodeURIComponent(file.key || file.path)}`;
}

/** About how high a file is before it is made. */
export function heightOf(file: FileChange, look: Look, viewed: boolean): number {
  if (viewed) return HEADER_PX;
  const lines = file.hunks.reduce((sum, hunk) => sum + hunk.lines.length + 1, 0);
  return HEADER_PX + (look.split ? Math.max(lines - Math.min(file.added, file.removed), 1) : Math.max(lines, 1)) * LINE_PX + 14;
}

/** One file: its header, which stays in view, and its lines. */
export function FileDiff({ file: asked, look, viewed, tick }: { file: FileChange; look: Look; viewed: boolean; tick(): void }) {
  const [whole, setWhole] = useState<FileChange | null>(null);
  const file = whole !== null && whole.digest === asked.digest ? whole : asked;
  const rows = useMemo(() => rowsOf(file, look.split), [file, look.split]);
  const fetchLines = async () => {
    const answer = await changesOf(look.id, look.base, "", file.key);
    if (answer.ok && !answer.value.same) setWhole(answer.value.files.find((one) => one.path === file.path) ?? null);
  };
  const name = headerId(file);
  return (
    <article class="change" data-testid="change" data-path={file.path} data-status={file.status} aria-labelledby={name}>
      <header class="change-head">
        <h2 id={name} tabIndex={-1} class="change-name">
          <span class="change-status" data-status={file.status}>{words.status[file.status] ?? file.status}</span>
          <span class="mono change-path" title={file.path}>{file.old_path !== "" && <><bdi>{file.old_path}</bdi>{" → "}</>}<bdi>{file.path}</bdi></span>
        </h2>
        {file.conflict && <span class="change-flag">{words.conflict}</span>}
        {file.status === "M" && file.old_mode !== file.new_mode && <span class="change-flag">{words.mode(file.old_mode.slice(-3), file.new_mode.slice(-3))}</span>}
        <Counts added={file.added} removed={file.removed} />
        <label class="tick viewed"><input type="checkbox" checked={viewed} onChange={tick} aria-label={words.viewedOf(file.path)} data-testid="viewed" /> <span>{words.viewed}</span></label>
      </header>
      {!viewed && (
        <div class="change-lines">
          <Told file={file} fetchLines={fetchLines} />
          {rows.length > 0 && (
            <Blocks count={rows.length} height={LINE_PX}
              render={(from, to) => rows.slice(from, to).map((row, at) => <Line key={from + at} row={row} first={from + at === 1} file={file} look={look} />)} />
          )}
          {file.cut && <p class="change-note">{words.cut}</p>}
        </div>
      )}
    </article>
  );
}

function Told({ file, fetchLines }: { file: FileChange; fetchLines(): void }) {
  if (file.submodule) return <p class="change-note">{words.submodule}</p>;
  if (file.binary) return <p class="change-note">{words.binary}</p>;
  if (file.deferred && file.hunks.length === 0) return <p class="change-note"><button class="button small" type="button" onClick={fetchLines}>{words.deferred(file.added + file.removed)}</button></p>;
  if (file.hunks.length === 0 && !file.cut) return <p class="change-note">{words.sameContent}</p>;
  return null;
}

function Line({ row, first, file, look }: { row: Row; first: boolean; file: FileChange; look: Look }) {
  const [asked, setAsked] = useState<Side | null>(null);
  if (row.kind === "hunk") return <div class="dl hunk mono">{row.heading}</div>;
  if (row.kind === "end") return <div class="dl end">{words.noNewline}</div>;
  const { old, now } = row;
  const number = (side: Side | null, tab: boolean) => (side === null ? <span class="ln" /> : (
    <button class="ln" type="button" tabIndex={tab ? 0 : -1} data-line={side.line} aria-label={words.commentOn(side.line)} onClick={() => setAsked(side)}>{side.line}</button>
  ));
  const changed = row.kind === "changed";
  const cells = look.split ? (
    <div class="dl two mono">
      {number(old, first)}<Code side={old} sign={changed ? "−" : ""} kind={changed ? "gone" : "same"} scrolls={!look.wrap} />
      {number(now, false)}<Code side={now} sign={changed ? "+" : ""} kind={changed ? "come" : "same"} scrolls={!look.wrap} />
    </div>
  ) : (
    <div class="dl one mono">
      {changed || old === null ? number(old, first) : <span class="ln">{old.line}</span>}{number(now, first)}
      <Code side={now ?? old} sign={!changed ? "" : now === null ? "−" : "+"} kind={!changed ? "same" : now === null ? "gone" : "come"} />
    </div>
  );
  return <>{cells}{asked !== null && <Comment file={file} side={asked} look={look} done={() => setAsked(null)} />}</>;
}

function Code({ side, sign, kind, scrolls = false }: { side: Side | null; sign: string; kind: "same" | "gone" | "come"; scrolls?: boolean }) {
  if (side === null) return <span class="code void" />;
  let shown: ComponentChildren = side.text;
  if (side.other !== null) {
    const [before, after] = kind === "gone" ? wordMarks(side.text, side.other) : wordMarks(side.other, side.text);
    const pieces = kind === "gone" ? before : after;
    shown = pieces.length === 1 ? side.text : pieces.map((piece, at) => (at % 2 === 1 ? <mark key={at}>{piece}</mark> : piece));
  }
  // In two columns a long line is scrolled by itself, with keys, too.
  return <span class={`code ${kind}`} tabIndex={scrolls && side.text.length > SCROLLS_CHARS ? 0 : undefined}><span class="sign">{sign}</span><code>{shown}</code></span>;
}

function Comment({ file, side, look, done }: { file: FileChange; side: Side; look: Look; done(): void }) {
  const [words_, setWords] = useState("");
  const [said, setSaid] = useState<"" | "sent" | "refused">("");
  const field = useRef<HTMLTextAreaElement>(null);
  // Before it is painted: what is typed at once is for it, and no command.
  useLayoutEffect(() => field.current?.focus(), []);
  const send = (event: Event) => {
    event.preventDefault();
    if (oneLine(words_) === "") return;
    setSaid(look.compose(words.quoted(oneLine(file.path), side.line, oneLine(side.text, 80).replaceAll("`", "'"), oneLine(words_, 2_000))) ? "sent" : "refused");
  };
  return (
    <form class="comment" data-testid="comment" onSubmit={send} onKeyDown={(event) => {
      if (event.key === "Escape") done();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(event);
      event.stopPropagation();
    }}>
      <label>
        <span>{words.comment} · <span class="mono">{file.path}:{side.line}</span></span>
        <textarea ref={field} rows={3} value={words_} onInput={(event) => setWords(event.currentTarget.value)} />
      </label>
      <p class="comment-hint" role="status">{said === "sent" ? words.sent : said === "refused" ? words.notSent : words.commentHint}</p>
      <div class="comment-acts">
        {said !== "" && <a class="button small" href={look.terminal}>{words.toTerminal}</a>}
        <button class="button small" type="button" onClick={done}>{words.cancel}</button>
        {said !== "sent" && <button class="button small primary" type="submit" data-testid="send-comment">{words.send}</button>}
      </div>
    </form>
  );
}
