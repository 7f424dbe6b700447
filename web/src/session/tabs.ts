/** The views of a session beside its terminal. Each is a chunk of its own, loaded when it is first opened. */
import type { ComponentType } from "preact";

import type { SessionInfo } from "../net/api";
import type { RowSource } from "../read/ReadTab";
import type { Tab } from "../ui/route";

/** What every view is given. */
export interface TabProps {
  readonly id: string;
  /** What the gateway says of the session; null until it has. */
  readonly info: SessionInfo | null;
  /** What is behind the tab in the address: a file's path. */
  readonly rest: string;
  /** Put `words` before the agent's composer, for a person to send. False when this page may not type now. */
  compose(words: string): boolean;
  /** The terminal's rows; null until there is a terminal. */
  readonly rows: RowSource | null;
  /** Ask for lines that scrolled off before those that are here. */
  older(): void;
}

/** In the order in which they are shown. A new view is a line here, and its name in `strings`. */
export const VIEWS: readonly { readonly tab: Exclude<Tab, "terminal">; load(): Promise<ComponentType<TabProps>> }[] = [
  { tab: "read", load: () => import("../read/ReadTab").then((module) => module.ReadTab) },
  { tab: "changes", load: () => import("../changes/ChangesTab").then((module) => module.ChangesTab) },
  { tab: "files", load: () => import("../files/FilesTab").then((module) => module.FilesTab) },
  { tab: "timeline", load: () => import("../timeline/TimelineTab").then((module) => module.TimelineTab) },
  { tab: "info", load: () => import("../ui/InfoTab").then((module) => module.InfoTab) },
];
