import { effect, signal, type Signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

import type { TransportName } from "../net/link";
import { Attachment } from "../session/attachment";
import { browserName, clientId } from "../session/identity";
import { text } from "../strings";
import type { BarKey } from "../terminal/keys";
import { modified, NONE, used, type Held } from "../terminal/modifiers";
import type { Screen } from "../terminal/screen";
import { EndState, LineState } from "./Banner";
import { ComposeLine } from "./ComposeLine";
import { Header } from "./Header";
import { Kept } from "./Kept";
import { KeyBar } from "./KeyBar";
import { Sheet, type Question } from "./Sheet";
import { SignIn } from "./SignIn";
import { Splash } from "./Splash";
import { StatusLine } from "./StatusLine";
import { Toast } from "./Toast";
import { keep, kept } from "../app/preferences";
import { SessionApprovals } from "../approvals/SessionApprovals";
import { markSeen } from "../fleet/unread";
import { route } from "./route";
import { TabPage, Tabs } from "./Tabs";
import { called } from "./title";
import { followViewport } from "./viewport";

/** Everything that one mounted session page has. */
interface Stand {
  readonly attachment: Attachment;
  readonly screen: Screen;
}

const SEEN_MS = 5_000;
const coarse = matchMedia("(pointer: coarse)").matches;

function options(): { mode: "control" | "observe"; transport: TransportName | null; webgl: boolean } {
  const query = new URLSearchParams(location.search);
  const transport = query.get("transport");
  return {
    mode: query.get("mode") === "observe" ? "observe" : "control",
    transport: transport === "http" || transport === "ws" ? transport : null,
    // Automated browsers read the terminal's text from the DOM.
    webgl: !coarse && query.get("renderer") !== "dom" && !navigator.webdriver,
  };
}

async function stand(
  id: string,
  area: HTMLElement,
  host: HTMLElement,
  held: Signal<Held>,
  question: Signal<Question | null>,
): Promise<Stand> {
  const chosen = options();
  const [client, { Screen }] = await Promise.all([clientId(), import("../terminal/screen")]);
  const attachment = new Attachment(id, client, browserName(navigator.userAgent), chosen);
  const screen = new Screen({
    area,
    host,
    coarse,
    webgl: chosen.webgl,
    label: text.terminal,
    mayAnswer: () => attachment.mode.value === "control" && !attachment.modelled,
    top: () => attachment.older(),
    link: (address) => { question.value = { kind: "link", address }; },
    lines: (pasted, paste) => { question.value = { kind: "paste", text: pasted, paste }; },
    clip: (offered) => attachment.offerClip(offered),
    data: (bytes, origin) => attachment.type(bytes, origin),
    fitted: (size) => attachment.viewport(size),
    modify(typed) {
      const now = held.value;
      held.value = used(now);
      return modified(typed, now);
    },
  });
  return { attachment, screen };
}

/** Keep the line in step with the life of the page. */
function followPage(attachment: Attachment): () => void {
  const stop = new AbortController();
  const wake = () => attachment.connection.wake();
  const save = () => attachment.save();
  const seen = () => { if (document.visibilityState === "visible") markSeen(attachment.session); };
  // What happens while somebody looks has been seen.
  const looking = setInterval(seen, SEEN_MS);
  seen();
  stop.signal.addEventListener("abort", () => { seen(); clearInterval(looking); });
  addEventListener("online", wake, { signal: stop.signal });
  addEventListener("pageshow", wake, { signal: stop.signal });
  addEventListener("pagehide", save, { signal: stop.signal });
  document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? wake() : save()), { signal: stop.signal });
  return () => stop.abort();
}

export function SessionPage({ id }: { id: string }) {
  const root = useRef<HTMLElement>(null);
  const area = useRef<HTMLDivElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const [ready, setReady] = useState<Stand | null>(null);
  const [held] = useState(() => signal<Held>(NONE));
  const [composing, setComposing] = useState(() => (kept("tether.input") || (coarse ? "compose" : "direct")) === "compose");
  const [question] = useState(() => signal<Question | null>(null));

  useEffect(() => {
    const ends: (() => void)[] = [followViewport(document.documentElement)];
    let over = false;
    void stand(id, area.current!, host.current!, held, question).then((made) => {
      ends.push(() => made.attachment.close(), () => made.screen.dispose());
      if (over) return ends.splice(0).forEach((end) => end());
      ends.push(followPage(made.attachment), mirror(root.current!, made.attachment));
      made.attachment.start(made.screen);
      if (!coarse) made.screen.focus();
      setReady(made);
    });
    return () => {
      over = true;
      ends.splice(0).forEach((end) => end());
    };
  }, [id]);

  const press = (key: BarKey) => {
    const { ctrl, alt } = held.value;
    held.value = used(held.value);
    ready?.screen.press(key, { ctrl: ctrl !== "off", alt: alt !== "off" });
  };
  const status = ready?.attachment.connection.status.value ?? { state: "connecting" as const };
  const where = route.value;
  const tab = where.page === "session" ? where.tab : "terminal";
  // Whoever reads the text types, too.
  const typing = tab === "terminal" || tab === "read";
  const chooseCompose = (on: boolean) => {
    keep("tether.input", on ? "compose" : "direct");
    setComposing(on);
    if (!on) ready?.screen.focus();
  };
  const send = (words: string, enter: string) => {
    if (ready === null) return false;
    const type = (data: string) => data === "" || ready.attachment.type(new TextEncoder().encode(data), "typed");
    return type(words) && type(enter);
  };
  const compose = (words: string) => {
    if (ready === null || ready.attachment.mode.value !== "control" || !ready.attachment.connection.live) return false;
    ready.screen.paste(words);
    return true;
  };
  const away = status.state === "signed-out" || status.state === "unknown";
  return (
    <>
      {status.state === "signed-out" && <SignIn session={id} done={() => ready?.attachment.connection.retry()} />}
      {status.state === "unknown" && (
        <Splash title={text.unknownSession} hint={text.unknownSessionHint} state="unknown">
          <a class="button" href="/">{text.backToList}</a>
        </Splash>
      )}
      <main class="session" ref={root} data-testid="session" data-state={status.state} data-coarse={coarse} hidden={away}>
        <Header id={id} attachment={ready?.attachment ?? null} />
        <Tabs id={id} tab={tab} />
        {ready !== null && <EndState attachment={ready.attachment} />}
        {tab !== "terminal" && where.page === "session" && (
          <TabPage tab={tab} id={id} info={ready?.attachment.info.value ?? null} rest={where.rest} compose={compose} rows={ready?.screen ?? null} older={() => ready?.attachment.older()} />
        )}
        <div class="stage" hidden={tab !== "terminal"}>
          {ready !== null && <LineState attachment={ready.attachment} quietEnd={() => ready.screen.quietEnd()} />}
          <div class="pane" ref={area} data-testid="terminal">
            <div class="pane-room" ref={host} />
          </div>
          {ready !== null && <Toast attachment={ready.attachment} />}
        </div>
        {ready !== null && ready.attachment.ending.value === null && <SessionApprovals ids={ready.attachment.view.value?.approvals ?? []} />}
        {ready !== null && <Kept attachment={ready.attachment} />}
        {ready !== null && <StatusLine attachment={ready.attachment} composing={composing} compose={() => chooseCompose(true)} fit={() => { ready.attachment.fit(); ready.screen.focus(); }} />}
        {ready !== null && typing && composing && ready.attachment.ending.value === null && (
          <ComposeLine attachment={ready.attachment} coarse={coarse} send={send} close={() => chooseCompose(false)} />
        )}
        {coarse && typing && <KeyBar held={held} press={press} />}
        <Sheet question={question} />
      </main>
    </>
  );
}

/** What tests wait on: the state of the page, as attributes, without a render for every event. */
function mirror(root: HTMLElement, attachment: Attachment): () => void {
  return effect(() => {
    root.dataset.seq = String(attachment.seq.value);
    root.dataset.mode = attachment.mode.value;
    root.dataset.transport = attachment.connection.transport.value;
    root.dataset.ended = attachment.ending.value?.kind ?? "";
    root.dataset.size = `${attachment.pty.value.cols}x${attachment.pty.value.rows}`;
    called(attachment.title.value || text.terminal);
  });
}
