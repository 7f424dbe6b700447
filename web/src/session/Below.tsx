import type { RefObject } from "preact";

import { SessionApprovals } from "../approvals/SessionApprovals";
import { Kept } from "../ui/Kept";
import type { Acts } from "./acts";
import { ComposeLine } from "./ComposeLine";
import { KeyBar } from "./KeyBar";
import { coarse, type Desk, type Stand } from "./stand";
import { StatusLine } from "./StatusLine";

export interface BelowProps {
  readonly ready: Stand | null;
  readonly around: Desk;
  readonly acts: Acts;
  readonly root: RefObject<HTMLElement | null>;
  /** Somebody may type in the view that is open. */
  readonly typing: boolean;
  readonly composing: boolean;
  choose(composing: boolean): void;
}

/** What is below the terminal: what the agent asks, what was kept, the size, the line for prompts, keys. */
export function Below({ ready, around, acts, root, typing, composing, choose }: BelowProps) {
  const pictures = around.pictures.value;
  // The soft keyboard is there while something has the focus that takes text.
  const keyboard = () => {
    const now = document.activeElement;
    if (now instanceof HTMLTextAreaElement) now.blur();
    else if (composing) root.current?.querySelector<HTMLElement>(".compose textarea")?.focus();
    else acts.focus();
  };
  const bar = coarse && typing && <KeyBar held={around.held} press={acts.press} zoom={acts.zoom} keyboard={keyboard} />;
  if (ready === null) return <>{bar}</>;
  const { attachment } = ready;
  const over = attachment.ending.value !== null;
  return (
    <>
      {!over && <SessionApprovals ids={attachment.view.value?.approvals ?? []} />}
      <Kept attachment={attachment} />
      <StatusLine attachment={attachment} coarse={coarse} composing={composing} compose={() => choose(true)} fit={acts.fit} zoom={acts.zoom} pictures={pictures} />
      {typing && composing && !over && (
        <ComposeLine attachment={attachment} draft={around.draft} coarse={coarse} send={acts.send} close={() => choose(false)} pictures={pictures} />
      )}
      {bar}
    </>
  );
}
