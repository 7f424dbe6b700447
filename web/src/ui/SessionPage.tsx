import { useRef, useState } from "preact/hooks";

import { keep, kept } from "../app/preferences";
import { actsOf } from "../session/acts";
import { Below } from "../session/Below";
import { Stage } from "../session/Stage";
import { coarse, desk } from "../session/stand";
import { useStand } from "../session/useStand";
import { text } from "../strings";
import { EndState } from "./Banner";
import { Header } from "./Header";
import { route } from "./route";
import { Sheet } from "./Sheet";
import { SignIn } from "./SignIn";
import { Splash } from "./Splash";
import { TabPage, Tabs } from "./Tabs";

/** One session: its terminal and the views beside it. */
export function SessionPage({ id }: { id: string }) {
  const places = { root: useRef<HTMLElement>(null), area: useRef<HTMLDivElement>(null), host: useRef<HTMLDivElement>(null) };
  const [around] = useState(() => desk(id));
  const [composing, setComposing] = useState(() => (kept("tether.input") || (coarse ? "compose" : "direct")) === "compose");
  const ready = useStand(id, places, around, (path) => typed(path));
  const acts = actsOf(id, ready, around);
  const choose = (on: boolean) => {
    keep("tether.input", on ? "compose" : "direct");
    setComposing(on);
    if (!on) acts.focus();
  };
  const prompt = (words: string) => {
    acts.write(words);
    choose(true);
  };
  /** Where a picture lies goes to whatever is written in. */
  const typed = (path: string) => (composing ? prompt(path) : acts.compose(`${path} `));

  const status = ready?.attachment.connection.status.value ?? { state: "connecting" as const };
  const where = route.value;
  const tab = where.page === "session" ? where.tab : "terminal";
  const away = status.state === "signed-out" || status.state === "unknown";
  return (
    <>
      {status.state === "signed-out" && <SignIn session={id} done={() => ready?.attachment.connection.retry()} />}
      {status.state === "unknown" && (
        <Splash title={text.unknownSession} hint={text.unknownSessionHint} state="unknown">
          <a class="button" href="/">{text.backToList}</a>
        </Splash>
      )}
      <main class="session" ref={places.root} data-testid="session" data-state={status.state} data-coarse={coarse} hidden={away}>
        <Header id={id} attachment={ready?.attachment ?? null} />
        <Tabs id={id} tab={tab} back={acts.focus} />
        {ready !== null && <EndState attachment={ready.attachment} />}
        {tab !== "terminal" && where.page === "session" && (
          <TabPage tab={tab} id={id} info={ready?.attachment.info.value ?? null} rest={where.rest} compose={acts.compose} rows={ready?.screen ?? null} older={acts.older} />
        )}
        <Stage places={places} ready={ready} around={around} hidden={tab !== "terminal"} prompt={prompt} />
        {/* Whoever reads the text types, too. */}
        <Below ready={ready} around={around} acts={acts} root={places.root} typing={tab === "terminal" || tab === "read"} composing={composing} choose={choose} />
        <Sheet question={around.question} />
      </main>
    </>
  );
}
