import { useEffect, useRef, useState } from "preact/hooks";

import { keep, kept } from "../app/preferences";
import { SessionApprovals } from "../approvals/SessionApprovals";
import { ComposeLine } from "../session/ComposeLine";
import { keepDraft } from "../session/compose";
import { KeyBar } from "../session/KeyBar";
import { givePictures, PictureState } from "../session/Pictures";
import { SelectionBar } from "../session/SelectionBar";
import { StatusLine } from "../session/StatusLine";
import { coarse, desk, followPage, mirror, stand, type Stand } from "../session/stand";
import { text } from "../strings";
import type { BarKey } from "../terminal/keys";
import { used } from "../terminal/modifiers";
import { EndState, LineState } from "./Banner";
import { Header } from "./Header";
import { Kept } from "./Kept";
import { route } from "./route";
import { Sheet } from "./Sheet";
import { SignIn } from "./SignIn";
import { Splash } from "./Splash";
import { TabPage, Tabs } from "./Tabs";
import { Toast } from "./Toast";
import { followViewport } from "./viewport";

export function SessionPage({ id }: { id: string }) {
  const root = useRef<HTMLElement>(null);
  const area = useRef<HTMLDivElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const [ready, setReady] = useState<Stand | null>(null);
  const [around] = useState(() => desk(id));
  const [composing, setComposing] = useState(() => (kept("tether.input") || (coarse ? "compose" : "direct")) === "compose");

  useEffect(() => {
    const ends: (() => void)[] = [followViewport(document.documentElement)];
    let over = false;
    void stand(id, area.current!, host.current!, around).then((made) => {
      ends.push(() => made.attachment.close(), () => made.screen.dispose());
      if (over) return ends.splice(0).forEach((end) => end());
      ends.push(followPage(made.attachment), mirror(root.current!, made.attachment));
      made.attachment.start(made.screen);
      if (!coarse) made.screen.focus();
      around.pictures.value = givePictures(made.attachment, around.sending, (path) => pictures.current(path));
      setReady(made);
    });
    return () => {
      over = true;
      ends.splice(0).forEach((end) => end());
    };
  }, [id]);

  const press = (key: BarKey) => {
    const { ctrl, alt } = around.held.value;
    around.held.value = used(around.held.value);
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
  const fit = () => {
    ready?.attachment.shape.fit();
    ready?.screen.focus();
  };
  const zoom = (by: number) => ready?.screen.zoom(by);
  /** The soft keyboard is there while something has the focus that takes text. */
  const keyboard = () => {
    const now = document.activeElement;
    if (now instanceof HTMLTextAreaElement) now.blur();
    else if (composing) root.current?.querySelector<HTMLElement>(".compose textarea")?.focus();
    else ready?.screen.focus();
  };
  const toPrompt = (words: string) => {
    around.draft.value = [around.draft.value, words].filter((part) => part !== "").join(" ");
    keepDraft(id, around.draft.value);
    chooseCompose(true);
  };
  /** Where a picture lies goes to whatever is written in. */
  const typed = (path: string) => (composing ? toPrompt(path) : ready?.screen.paste(`${path} `));
  const pictures = useRef(typed);
  pictures.current = typed;
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
          {ready !== null && <PictureState area={area.current} sending={around.sending} give={around.pictures.value} />}
          {ready !== null && coarse && <SelectionBar selected={around.selected} screen={ready.screen} prompt={ready.attachment.ending.value === null ? toPrompt : null} />}
        </div>
        {ready !== null && ready.attachment.ending.value === null && <SessionApprovals ids={ready.attachment.view.value?.approvals ?? []} />}
        {ready !== null && <Kept attachment={ready.attachment} />}
        {ready !== null && <StatusLine attachment={ready.attachment} coarse={coarse} composing={composing} compose={() => chooseCompose(true)} fit={fit} zoom={zoom} pictures={around.pictures.value} />}
        {ready !== null && typing && composing && ready.attachment.ending.value === null && (
          <ComposeLine attachment={ready.attachment} draft={around.draft} coarse={coarse} send={send} close={() => chooseCompose(false)} pictures={around.pictures.value} />
        )}
        {coarse && typing && <KeyBar held={around.held} press={press} zoom={zoom} keyboard={keyboard} />}
        <Sheet question={around.question} />
      </main>
    </>
  );
}
