import { useState } from "preact/hooks";

import type { SessionInfo } from "../net/api";
import { endingOfView } from "../session/ending";
import { text } from "../strings";
import { Age } from "../ui/Age";
import { sessionHome } from "../ui/route";
import { needsAttention } from "./attention";
import { isUnread, sinceOf } from "./order";
import { mark, seenAt } from "./unread";
import { shown, titleOf } from "./words";

/** Sessions as a list. `stop` asks to end one; without it they have ended. */
export function Rows({ label, sessions, stop }: { label: string; sessions: readonly SessionInfo[]; stop?: (session: SessionInfo) => void }) {
  return (
    <ul class="rows" aria-label={label}>
      {sessions.map((session) => <Row key={session.id} session={session} {...(stop === undefined ? {} : { stop })} />)}
    </ul>
  );
}

function Row({ session, stop }: { session: SessionInfo; stop?: (session: SessionInfo) => void }) {
  const state = shown(session);
  const unread = isUnread(session, seenAt(session));
  const activity = endingOfView(session) === null ? session.activity : null;
  const why = [activity?.why ?? "", activity?.source ? text.fleet.source(activity.source) : ""].filter((part) => part !== "").join(" · ");
  return (
    <li class="fleet-row" data-tone={state.tone}>
      <a class="row" href={sessionHome(session.id)} data-testid="session-row" data-id={session.id} data-unread={unread}>
        <span class="glyph" data-tone={state.tone} aria-hidden="true">{state.glyph}</span>
        <span class="row-main">
          <span class="row-title">
            {titleOf(session)}
            {unread && <span class="unread"> <span aria-hidden="true">•</span> {text.fleet.unread}</span>}
          </span>
          {activity?.said && <span class="row-sub"><span class="row-cwd" title={activity.said} data-testid="row-said">{activity.said}</span></span>}
          <span class="row-sub">
            <span>{session.provider}</span>
            <span class="mono">{session.id}</span>
            <span class="row-cwd" title={session.cwd}>{session.cwd}</span>
          </span>
          {needsAttention(session) !== null && activity?.why && <span class="row-why">{activity.why}</span>}
        </span>
        <span class="row-side">
          <span class="tone" data-tone={state.tone} data-state={session.state} data-testid="row-state" title={why}>{state.words}</span>
          <Age since={sinceOf(session)} />
          {session.controller !== "" && <span class="row-who">{session.controller}</span>}
        </span>
      </a>
      <Menu session={session} unread={unread} {...(stop === undefined ? {} : { stop })} />
    </li>
  );
}

/** What can be done with a session without opening it. */
function Menu({ session, unread, stop }: { session: SessionInfo; unread: boolean; stop?: (session: SessionInfo) => void }) {
  const [copied, setCopied] = useState(false);
  const id = `menu-${session.id}`;
  const shut = () => document.getElementById(id)?.hidePopover?.();
  const copy = () => void navigator.clipboard?.writeText(`tether attach ${session.id}`).then(() => setCopied(true), () => undefined);
  return (
    <span class="row-more">
      <button class="more-button" type="button" popovertarget={id} aria-label={text.fleet.menu(titleOf(session))} data-testid="row-menu">⋯</button>
      <div id={id} class="menu" popover="auto">
        <button type="button" disabled={unread} onClick={() => { mark(session.id, true); shut(); }} data-testid="mark-unread">{text.fleet.markUnread}</button>
        {stop !== undefined && <button type="button" onClick={copy}>{copied ? text.fleet.copied : text.fleet.copyAttach}</button>}
        {stop !== undefined && <button type="button" class="danger" onClick={() => { shut(); stop(session); }} data-testid="stop">{text.fleet.stop}…</button>}
      </div>
    </span>
  );
}
