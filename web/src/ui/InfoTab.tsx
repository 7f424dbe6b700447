import { useEffect, useState } from "preact/hooks";

import { getSession, type SessionInfo } from "../net/api";
import type { TabProps } from "../session/tabs";
import { shown } from "../fleet/words";
import { text, timeOf } from "../strings";

const REFRESH_MS = 2_000;

/** What is known of a session, and how to attach to it from a terminal. */
export function InfoTab({ id, info }: TabProps) {
  const [found, setFound] = useState<SessionInfo | null>(info);
  useEffect(() => {
    const look = () => void getSession(id).then((answer) => { if (answer.ok) setFound(answer.value); });
    look();
    const timer = setInterval(look, REFRESH_MS);
    return () => clearInterval(timer);
  }, [id]);
  if (found === null) return <p class="more">{text.loading}</p>;
  const state = shown(found);
  const activity = found.activity;
  const rows: readonly (readonly [string, string])[] = [
    [text.info.state, state.words],
    [text.fleet.why, activity === null || activity === undefined ? "" : [activity.why, text.fleet.source(activity.source), activity.degraded ?? ""].filter((part) => part !== "").join(" · ")],
    [text.info.provider, found.provider],
    [text.info.id, found.id],
    [text.info.directory, found.cwd],
    [text.info.started, timeOf(found.created)],
    [text.info.ended, timeOf(found.ended)],
    [text.info.size, text.size(found.cols, found.rows)],
    [text.info.clients, String(found.clients)],
    [text.info.cost, (found.cost_usd ?? "") === "" ? "" : `$${Number(found.cost_usd).toFixed(2)}`],
    [text.info.controller, found.controller],
  ];
  return (
    <dl class="facts" data-testid="info">
      {rows.filter(([, value]) => value !== "").map(([name, value]) => <Fact key={name} name={name} value={value} />)}
      <dt>{text.info.attach}</dt>
      <dd><code class="command">tether attach {found.id}</code></dd>
    </dl>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
