import { useEffect, useRef } from "preact/hooks";

import { needsAttention } from "../fleet/attention";
import { jump } from "../fleet/keys";
import { ordered } from "../fleet/order";
import { seenAt } from "../fleet/unread";
import { fleet } from "../fleet/watch";
import { shown, type Stated } from "../fleet/words";
import type { Activity } from "../net/api";
import type { Attachment } from "../session/attachment";
import { endingOfView } from "../session/ending";
import { text } from "../strings";

/** Title, state and who controls. */
export function Header({ id, attachment }: { id: string; attachment: Attachment | null }) {
  const view = attachment?.view.value ?? attachment?.info.value ?? null;
  const title = attachment?.title.value || view?.title || view?.provider || id;
  const stale = attachment !== null && !["live", "ended"].includes(attachment.connection.status.value.state);
  return (
    <header class="bar" data-stale={stale}>
      <a class="back" href="/" aria-label={text.allSessions} title={text.allSessions}>
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M15 5l-7 7 7 7" /></svg>
      </a>
      <div class="who">
        <h1 title={title} data-testid="title">{title}</h1>
        <p class="sub">
          {view !== null && <State view={view} />}
          {view !== null && <span>{view.provider}</span>}
          <span class="mono">{id}</span>
        </p>
      </div>
      <Elsewhere id={id} />
      {attachment !== null && <ControlChip attachment={attachment} />}
    </header>
  );
}

/** What the agent does, or the process where that is not known; why is a hover away. */
function State({ view }: { view: Stated & { readonly activity?: Activity | null } }) {
  const over = endingOfView(view) !== null;
  const state = shown(view);
  const why = over ? "" : [view.activity?.why ?? "", view.activity?.source ? text.fleet.source(view.activity.source) : ""].filter((part) => part !== "").join(" · ");
  return (
    <span class="state-word tone" data-state={view.state} data-tone={over ? "" : state.tone} data-testid="state-word" title={why}>
      {over ? (text.stateWords[view.state] ?? view.state) : state.words}
    </span>
  );
}

/** Others need somebody, too: the way to the next of them. */
function Elsewhere({ id }: { id: string }) {
  const all = ordered(fleet.value?.sessions ?? [], seenAt);
  const waiting = all.filter((session) => session.id !== id && endingOfView(session) === null && needsAttention(session) !== null).length;
  if (waiting === 0) return null;
  const words = text.fleet.needYou(waiting);
  return (
    <button class="button small waiting" type="button" title={`${text.fleet.next}: ${words}`} aria-label={`${text.fleet.next}: ${words}`} onClick={() => jump(all, id)} data-testid="elsewhere">
      <span aria-hidden="true">! {waiting}</span>
    </button>
  );
}

function ControlChip({ attachment }: { attachment: Attachment }) {
  const chip = useRef<HTMLSpanElement>(null);
  const refusals = attachment.typist.refusals.value;
  useEffect(() => {
    if (refusals === 0 || chip.current === null) return;
    chip.current.animate?.(
      [{ translate: "0" }, { translate: "-5px" }, { translate: "5px" }, { translate: "-3px" }, { translate: "0" }],
      matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 260,
    );
  }, [refusals]);

  if (attachment.ending.value !== null || attachment.mode.value === "") return null;
  const live = attachment.connection.status.value.state === "live";
  const controls = attachment.mode.value === "control";
  // Who is alone has nobody to share control with.
  if (controls && (attachment.view.value?.clients ?? 0) <= 1) return null;
  const holder = attachment.holder.value;
  const words = controls ? text.youControl : holderText(holder);
  return (
    <div class="control">
      <span class="chip" ref={chip} data-testid="control" data-mode={attachment.mode.value} title={words}>
        <span class="dot" data-control={controls ? "mine" : holder === "" ? "free" : "theirs"} aria-hidden="true" />
        <span class="chip-text">{words}</span>
      </span>
      {controls ? (
        <button class="button small" type="button" disabled={!live} onClick={() => attachment.release()} data-testid="release">{text.release}</button>
      ) : (
        <button class="button small primary" type="button" disabled={!live} onClick={() => attachment.takeControl()} data-testid="take">{text.take}</button>
      )}
    </div>
  );
}

function holderText(holder: string): string {
  return holder === "" ? text.nobodyControls : text.controlledBy(holder);
}
