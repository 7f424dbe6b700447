import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

import { VIEWS, type TabProps } from "../session/tabs";
import { text } from "../strings";
import { sessionPath, type Tab } from "./route";
import { Splash } from "./Splash";

/** Links between a session's views: each has an address. `back` goes into the terminal, where one is before it already. */
export function Tabs({ id, tab, back }: { id: string; tab: Tab; back: () => void }) {
  const shown: readonly Tab[] = ["terminal", ...VIEWS.map((view) => view.tab)];
  return (
    <nav class="tabs" aria-label={text.sessionTabs}>
      {shown.map((name) => (
        <a key={name} class="tab" href={sessionPath(id, name)} aria-current={name === tab ? "page" : undefined} data-testid={`tab-${name}`} onClick={name === "terminal" && tab === "terminal" ? back : undefined}>
          {text.tabs[name]}
        </a>
      ))}
    </nav>
  );
}

/** The view `tab`; the terminal behind it goes on, and keeps its place. */
export function TabPage({ tab, ...props }: TabProps & { tab: Exclude<Tab, "terminal"> }) {
  const [page, setPage] = useState<{ readonly tab: Tab; readonly View: ComponentType<TabProps> } | null>(null);
  useEffect(() => {
    let over = false;
    void VIEWS.find((view) => view.tab === tab)?.load().then((View) => { if (!over) setPage({ tab, View }); });
    return () => { over = true; };
  }, [tab]);
  const View = page?.tab === tab ? page.View : null;
  return (
    <section class="tab-page" data-testid={`view-${tab}`} aria-label={text.tabs[tab]}>
      {View === null ? <Splash title={VIEWS.some((view) => view.tab === tab) ? text.loading : text.unknownPage} /> : <View {...props} />}
    </section>
  );
}
