import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { followViewport } from "../ui/viewport";
import { givePictures } from "./Pictures";
import { coarse, followPage, mirror, stand, type Desk, type Stand } from "./stand";

/** Where a session page's terminal is mounted. */
export interface Places {
  readonly root: RefObject<HTMLElement | null>;
  readonly area: RefObject<HTMLDivElement | null>;
  readonly host: RefObject<HTMLDivElement | null>;
}

/** The session's attachment and terminal for as long as the page stands; null until they are there. `typed` gets the
 * path of a picture that was given. */
export function useStand(id: string, { root, area, host }: Places, around: Desk, typed: (path: string) => void): Stand | null {
  const [ready, setReady] = useState<Stand | null>(null);
  const latest = useRef(typed);
  latest.current = typed;
  useEffect(() => {
    const ends: (() => void)[] = [followViewport(document.documentElement)];
    let over = false;
    void stand(id, area.current!, host.current!, around).then((made) => {
      ends.push(() => made.attachment.close(), () => made.screen.dispose());
      if (over) return ends.splice(0).forEach((end) => end());
      ends.push(followPage(made.attachment), mirror(root.current!, made.attachment));
      made.attachment.start(made.screen);
      if (!coarse) made.screen.focus();
      around.pictures.value = givePictures(made.attachment, around.sending, (path) => latest.current(path));
      setReady(made);
    });
    return () => {
      over = true;
      ends.splice(0).forEach((end) => end());
    };
  }, [id]);
  return ready;
}
