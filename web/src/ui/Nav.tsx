import type { ComponentChildren } from "preact";

import { count } from "../approvals/watch";
import { attention } from "../fleet/watch";
import { text } from "../strings";
import type { Route } from "./route";

interface Entry {
  readonly page: Route["page"];
  readonly href: string;
  readonly words: string;
  readonly icon: ComponentChildren;
}

const ENTRIES: readonly Entry[] = [
  { page: "list", href: "/", words: text.sessions, icon: <path d="M4 6h16M4 12h16M4 18h10" /> },
  { page: "approvals", href: "/approvals", words: text.approvals, icon: <path d="M4 12l5 5L20 6" /> },
  { page: "devices", href: "/devices", words: text.devices, icon: <path d="M7 3h10v18H7zM11 18h2" /> },
  { page: "audit", href: "/audit", words: text.audit, icon: <path d="M6 3h9l4 4v14H6zM9 12h7M9 16h7M9 8h3" /> },
  { page: "settings", href: "/settings", words: text.settings, icon: <path d="M4 7h9M17 7h3M4 17h3M11 17h9M13 4v6M7 14v6" /> },
];

/** The way between the pages: on top where there is room, at the thumb's end on a phone. */
export function Nav({ page }: { page: Route["page"] }) {
  const counts: Partial<Record<Route["page"], number>> = { list: attention.value, approvals: count.value };
  return (
    <nav class="nav" aria-label={text.mainNavigation}>
      <a class="nav-home" href="/" tabIndex={-1} aria-hidden="true">
        <img src="/favicon.svg" alt="" width="22" height="22" />
        <span>{text.appName}</span>
      </a>
      {ENTRIES.map((entry) => (
        <a key={entry.page} class="nav-link" href={entry.href} aria-current={entry.page === page ? "page" : undefined}>
          <svg viewBox="0 0 24 24" aria-hidden="true">{entry.icon}</svg>
          <span>{entry.words}</span>
          <Count n={counts[entry.page] ?? 0} />
        </a>
      ))}
    </nav>
  );
}

function Count({ n }: { n: number }) {
  return n === 0 ? null : <b class="nav-count">{n}</b>;
}
