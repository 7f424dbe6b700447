import { useEffect, useRef, useState } from "preact/hooks";

import { desk, followPage, stand, type Stand } from "../session/stand";
import { text } from "../strings";
import { isLeave, LEAVE_KEY } from "../terminal/leave";
import { LineState } from "../ui/Banner";
import { Sheet } from "../ui/Sheet";

/** A session's real terminal in the place of its picture, until `leave` is called for. */
export function LiveTile({ id, title, leave }: { id: string; title: string; leave(): void }) {
  const area = useRef<HTMLDivElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const [around] = useState(() => desk(id));
  const [ready, setReady] = useState<Stand | null>(null);
  useEffect(() => {
    const ends: (() => void)[] = [];
    let over = false;
    void stand(id, area.current!, host.current!, around).then((made) => {
      ends.push(() => made.attachment.close(), () => made.screen.dispose());
      if (over) return ends.splice(0).forEach((end) => end());
      ends.push(followPage(made.attachment));
      made.attachment.start(made.screen);
      made.screen.focus();
      area.current?.closest("section")?.scrollIntoView({ block: "nearest" });
      setReady(made);
    });
    return () => {
      over = true;
      ends.splice(0).forEach((end) => end());
    };
  }, [id]);
  const keys = (event: KeyboardEvent) => {
    if (!isLeave(event)) return;
    event.preventDefault();
    event.stopPropagation();
    leave();
  };
  return (
    <section class="tile tile-live" data-testid="live-tile" data-id={id} data-state={ready?.attachment.connection.status.value.state ?? "connecting"} aria-label={title} onKeyDownCapture={keys}>
      <div class="tile-head">
        <span class="row-title">{title}</span>
        <span class="tile-hint">{LEAVE_KEY}</span>
        <button class="button small" type="button" data-testid="tile-leave" aria-keyshortcuts={LEAVE_KEY} onClick={leave}>{text.fleet.leaveTile}</button>
      </div>
      <div class="stage">
        {ready !== null && <LineState attachment={ready.attachment} quietEnd={() => ready.screen.quietEnd()} />}
        <div class="pane" ref={area}><div class="pane-room" ref={host} /></div>
      </div>
      <Sheet question={around.question} />
    </section>
  );
}
