import "../styles/read.css";

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import type { TabProps } from "../session/tabs";
import { text } from "../strings";
import { Announcer, type Said } from "./announcer";
import { NOTHING, reading, stretches, STRETCH, type Reading, type Row } from "./lines";

const LOOK_MS = 500;
/** Of the lines that are looked at for news: a flood is not listened to. */
const NEWEST = 200;
/** So near to the end one goes on with it. */
const END_PX = 40;

/** Where the rows are: the terminal behind this view. */
export interface RowSource {
  /** All rows that are kept, and where the screen begins among them. */
  rows(): { readonly rows: readonly Row[]; readonly screenAt: number };
  /** Call `act` when they may have changed, until the returned function is called. */
  changed(act: () => void): () => void;
}

/** The session as a text: to be read aloud, selected, and folded at the width of any screen. */
export function ReadTab({ rows, older }: TabProps) {
  const [shown, setShown] = useState<Reading>(NOTHING);
  const [said, setSaid] = useState<Said | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);

  useEffect(() => {
    if (rows === null) return;
    const announcer = new Announcer();
    return looking(rows, (now) => {
      setShown(now);
      const news = announcer.look([...now.earlier.slice(-NEWEST), ...now.screen]);
      if (news !== null) setSaid(news);
    });
  }, [rows]);
  useLayoutEffect(() => {
    if (atEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [shown]);

  const scrolled = () => {
    const area = box.current;
    if (area !== null) atEnd.current = area.scrollHeight - area.scrollTop - area.clientHeight < END_PX;
  };
  return (
    <div class="read" ref={box} tabIndex={0} role="region" aria-label={text.read.label} data-testid="read" onScroll={scrolled}>
      {shown.earlier.length > 0 && (
        <section>
          <div class="read-head">
            <h2>{text.read.earlier}</h2>
            <button class="button small" type="button" onClick={older} data-testid="read-older">{text.read.older}</button>
          </div>
          {stretches(shown.earlier).map((lines, at) => <Stretch key={at} first={at * STRETCH + 1} lines={lines} />)}
        </section>
      )}
      <section>
        <h2>{text.read.screen}</h2>
        <pre class="read-lines" data-testid="read-screen">{shown.screen.join("\n")}</pre>
      </section>
      {/* Said once, in the order in which it came. */}
      <p class="aloud" role="log" aria-live="polite" data-testid="read-aloud">
        {said !== null && (said.more > 0 ? `${text.read.more(said.more)}\n${said.words}` : said.words)}
      </p>
    </div>
  );
}

function Stretch({ first, lines }: { first: number; lines: readonly string[] }) {
  return (
    <>
      <h3 class="aloud">{text.read.lines(first, first + lines.length - 1)}</h3>
      <pre class="read-lines read-far">{lines.join("\n")}</pre>
    </>
  );
}

/** Look at the rows now, when they have changed, and once more after that: `take` sees what stands still twice. */
function looking(source: RowSource, take: (now: Reading) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = true;
  const look = () => {
    timer = undefined;
    const { rows, screenAt } = source.rows();
    take(reading(rows, screenAt));
    if (again) timer = setTimeout(look, LOOK_MS);
    again = false;
  };
  const end = source.changed(() => {
    again = true;
    timer ??= setTimeout(look, LOOK_MS);
  });
  look();
  return () => {
    end();
    clearTimeout(timer);
  };
}
