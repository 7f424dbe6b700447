import "../styles/changes.css";
import "../styles/timeline.css";

import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { keep, kept } from "../app/preferences";
import { Blocks } from "../changes/Blocks";
import { useLooking } from "../changes/looking";
import { words } from "../changes/words";
import type { Failure } from "../net/api";
import { text, timeOf } from "../strings";
import { Splash } from "../ui/Splash";
import { timelineOf, type Mark, type Timeline } from "./api";
import { Axis, clockOf } from "./axis";
import { Player } from "./player";
import { SearchPanel } from "./SearchPanel";
import { ReplaySurface } from "./surface";

const SPEEDS = [1, 2, 4, 8, 16, 64];
const BARS = 240;
const STEPS = 1000;
const MARK_PX = 40;
// The agent's own account of its work: many marks, which the list can do without.
const ACCOUNT: ReadonlySet<string> = new Set(["message", "tool", "usage", "status"]);

/** The session from its beginning: its screen at any moment, played again. It is given no way to type. */
export function TimelineTab({ id }: { id: string }) {
  const [found, setFound] = useState<Timeline | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [collapse, setCollapse] = useState(true);
  const asked = useRef(false);

  useLooking(async () => {
    if (found !== null && found.complete && found.ended > 0) return;
    const answer = await timelineOf(id, found?.complete === true ? found.seq : 0);
    setFailure(answer.ok ? null : answer.failure);
    if (!answer.ok) return;
    const news = answer.value;
    if (!news.same) setFound(news);
    else setFound((now) => (now !== null && now.ended !== news.ended ? { ...now, ended: news.ended } : now));
  }, [id]);

  const axis = useMemo(() => new Axis(found?.spans ?? [], collapse), [found, collapse]);
  const latest = useRef(axis);
  latest.current = axis;
  const over = useRef(false);
  over.current = (found?.ended ?? 0) > 0;
  const host = useRef<HTMLDivElement>(null);
  const [player, setPlayer] = useState<Player | null>(null);
  const shown = found !== null && found.spans.length > 0;

  useEffect(() => {
    if (!shown) return;
    const surface = new ReplaySurface(host.current!, words.replayHint);
    const made = new Player(id, surface, () => latest.current, () => over.current);
    setPlayer(made);
    return () => {
      made.close();
      surface.dispose();
    };
  }, [id, shown]);
  useEffect(() => {
    if (player === null || asked.current) return;
    asked.current = true;
    const seq = Number(new URLSearchParams(location.search).get("seq") ?? "");
    void player.seek(Number.isSafeInteger(seq) && seq > 0 ? { seq } : { at: axis.last });
  }, [player]);

  if (found === null && failure !== null) return <Splash title={words.failedTimeline} hint={failure.kind === "refused" ? failure.message : text.listFailed} state="stopped" />;
  if (found === null) return <Splash title={words.reading} />;
  if (!shown) return <Splash title={words.noOutput} />;
  return (
    <div class="timeline" data-testid="timeline" data-complete={found.complete}>
      <div class="replay">
        <div class="replay-room"><div class="replay-host" ref={host} data-testid="replay" /></div>
        {player !== null && <Controls player={player} axis={axis} marks={found.marks} collapse={collapse} setCollapse={setCollapse} live={found.ended === 0} />}
      </div>
      <div class="timeline-side" data-scrolls>
        <SearchPanel id={id} seek={(seq) => void player?.seek({ seq })} />
        <h2 class="timeline-title">{words.markList}</h2>
        {player !== null && <Marks marks={found.marks} player={player} axis={axis} />}
      </div>
    </div>
  );
}

function Controls({ player, axis, marks, collapse, setCollapse, live }: {
  player: Player; axis: Axis; marks: readonly Mark[]; collapse: boolean; live: boolean; setCollapse(on: boolean): void;
}) {
  const ts = player.ts.value;
  const place = axis.length === 0 ? 0 : Math.round((axis.at(ts) / axis.length) * STEPS);
  const seek = (at: number) => void player.seek({ at });
  const jump = (by: 1 | -1) => {
    const loud = marks.filter((mark) => !ACCOUNT.has(mark.kind));
    const next = by > 0 ? loud.find((mark) => mark.ts > ts) : loud.findLast((mark) => mark.ts < ts - 1);
    if (next !== undefined) void player.seek({ seq: next.seq });
  };
  // Of a session that goes on, what comes is shown as it comes.
  const toEnd = () => {
    seek(axis.last);
    if (!live) return player.pause();
    player.speed.value = 1;
    player.play();
  };
  const playing = player.playing.value;
  return (
    <div class="replay-controls">
      <Track axis={axis} marks={marks} />
      <input class="scrub" type="range" min={0} max={STEPS} value={place} aria-label={words.position} data-testid="scrub"
        aria-valuetext={`${clockOf(ts - axis.first)}, ${timeOf(ts)}`} data-ts={ts}
        onInput={(event) => { player.pause(); seek(axis.ts((Number(event.currentTarget.value) / STEPS) * axis.length)); }} />
      <div class="replay-row">
        <button class="button small primary" type="button" data-testid="play" onClick={() => (playing ? player.pause() : player.play())}>{playing ? words.pause : words.play}</button>
        <button class="button small" type="button" onClick={() => jump(-1)} aria-label={words.previous} title={words.previous} data-testid="previous-mark">⇤</button>
        <button class="button small" type="button" onClick={() => jump(1)} aria-label={words.next} title={words.next} data-testid="next-mark">⇥</button>
        <button class="button small" type="button" onClick={toEnd} data-testid="to-end">{live ? words.live : words.end}</button>
        <label class="changes-base"><span>{words.speed}</span>
          <select value={player.speed.value} onChange={(event) => { player.speed.value = Number(event.currentTarget.value); }} data-testid="speed">
            {SPEEDS.map((speed) => <option key={speed} value={speed}>{speed}×</option>)}
          </select>
        </label>
        <label class="tick"><input type="checkbox" checked={collapse} onChange={() => setCollapse(!collapse)} data-testid="skip-idle" /> {words.skipIdle}</label>
        <span class="replay-when mono" data-testid="when">{clockOf(ts - axis.first)} / {clockOf(axis.last - axis.first)}<span class="replay-date"> · {timeOf(ts)}</span></span>
      </div>
      {!player.exact.value && <p class="changes-note" role="status">{words.inexact}</p>}
      {player.failed.value && <p class="changes-note" role="status">{words.failedTimeline}</p>}
    </div>
  );
}

/** How busy it was, and where the marks are. The list beside it says the same in words. */
function Track({ axis, marks }: { axis: Axis; marks: readonly Mark[] }) {
  const bars = useMemo(() => axis.density(BARS), [axis]);
  const ticks = useMemo(() => {
    const seen = new Map<number, string>();
    for (const mark of marks) if (!ACCOUNT.has(mark.kind)) seen.set(Math.round((axis.at(mark.ts) / Math.max(1, axis.length)) * BARS * 2), mark.kind);
    return [...seen];
  }, [axis, marks]);
  return (
    <svg class="track" viewBox={`0 0 ${BARS} 30`} preserveAspectRatio="none" aria-hidden="true">
      <path class="busy" d={bars.map((bar, at) => (bar > 0 ? `M${at} 30v${(-bar * 22).toFixed(1)}h.8v${(bar * 22).toFixed(1)}z` : "")).join("")} />
      {ticks.map(([at, kind]) => <rect key={at} class="tick-mark" data-kind={kind} x={at / 2} y={0} width={0.6} height={6} />)}
    </svg>
  );
}

function Marks({ marks, player, axis }: { marks: readonly Mark[]; player: Player; axis: Axis }) {
  const [account, setAccount] = useState(() => kept("tether.timeline.account") !== "off");
  const many = marks.some((mark) => ACCOUNT.has(mark.kind));
  const newest = useMemo(() => marks.filter((mark) => account || !ACCOUNT.has(mark.kind)).reverse(), [marks, account]);
  const toggle = () => { keep("tether.timeline.account", account ? "off" : "on"); setAccount(!account); };
  const made = (mark: Mark) => (
    <button class="mark" type="button" key={mark.seq} data-kind={mark.kind} data-testid="mark" onClick={() => void player.seek({ seq: mark.seq })}>
      <span class="mark-when mono">{clockOf(mark.ts - axis.first)}</span>
      <span class="mark-kind">{words.kinds[mark.kind] ?? mark.kind}</span>
      <span class="mark-text">{mark.kind === "controlled" && mark.text === "" ? words.nobody : mark.kind === "state" ? text.activityWords[mark.text] ?? mark.text : mark.text}</span>
    </button>
  );
  return (
    <>
      {many && <label class="tick"><input type="checkbox" checked={account} onChange={toggle} data-testid="account" /> {words.account}</label>}
      <div class="marks"><Blocks count={newest.length} height={MARK_PX} render={(from, to) => newest.slice(from, to).map(made)} /></div>
    </>
  );
}
