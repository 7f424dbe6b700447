import type { RefObject } from "preact";
import { useState } from "preact/hooks";

import { text } from "../strings";

/** The filter, kept in the address so that it can be reloaded and sent to somebody. */
export function useFilter(): readonly [string, (query: string) => void] {
  const [query, setQuery] = useState(() => new URLSearchParams(location.search).get("q") ?? "");
  const change = (next: string) => {
    setQuery(next);
    const search = next === "" ? "" : `?${new URLSearchParams({ q: next }).toString()}`;
    history.replaceState(null, "", location.pathname + search);
  };
  return [query, change];
}

/** The field of the filter, and how many of `all` fit it. */
export function FilterField({ query, change, field, found, all }: { query: string; change: (query: string) => void; field: RefObject<HTMLInputElement | null>; found: number; all: number }) {
  const keys = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    change("");
    field.current?.blur();
  };
  return (
    <div class="fleet-filter">
      <input
        ref={field} type="search" value={query} placeholder={text.fleet.filterHint} aria-label={text.fleet.filter}
        aria-keyshortcuts="/" data-testid="filter" autocomplete="off" autocapitalize="none" spellcheck={false}
        onInput={(event) => change(event.currentTarget.value)} onKeyDown={keys}
      />
      {query !== "" && <span class="count" role="status">{text.fleet.filtered(found, all)}</span>}
    </div>
  );
}

/** No session fits. */
export function NothingFits({ clear }: { clear: () => void }) {
  return (
    <section class="empty card" data-testid="nothing-fits">
      <h2>{text.fleet.nothingFits}</h2>
      <button class="button" type="button" onClick={clear}>{text.fleet.clearFilter}</button>
    </section>
  );
}
