/** What a person chose for this browser: theme and language. `public/early.js` applies both before the first paint. */
import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark" | "contrast";
export type Language = "en" | "zh-CN";

export const THEMES: readonly Theme[] = ["system", "light", "dark", "contrast"];
export const LANGUAGES: readonly Language[] = ["en", "zh-CN"];

/** What is kept under `key`; "" where nothing is or may be kept. */
export function kept(key: string): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

/** Keep `value` under `key`, if this browser keeps anything. */
export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // It is forgotten with the page.
  }
}

/** The language in which this page was painted. */
export function pageLanguage(): Language {
  return typeof document !== "undefined" && document.documentElement.lang === "zh-CN" ? "zh-CN" : "en";
}

function keptTheme(): Theme {
  const found = kept("tether.theme");
  return THEMES.find((theme) => theme === found) ?? "system";
}

export const theme = signal<Theme>(keptTheme());

/** Use `chosen` from now on; nothing is loaded again. */
export function chooseTheme(chosen: Theme): void {
  keep("tether.theme", chosen);
  theme.value = chosen;
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
}

/** How a session is opened from the list, and whether its terminal is told to screen readers as well. */
export type Opening = "terminal" | "read";
export const OPENINGS: readonly Opening[] = ["terminal", "read"];
export const opening = signal<Opening>(kept("tether.opening") === "read" ? "read" : "terminal");

export function chooseOpening(chosen: Opening): void {
  keep("tether.opening", chosen);
  opening.value = chosen;
}

export type Spoken = "off" | "on";
export const SPOKEN: readonly Spoken[] = ["off", "on"];
export const spoken = signal<Spoken>(kept("tether.spoken") === "on" ? "on" : "off");

export function chooseSpoken(chosen: Spoken): void {
  keep("tether.spoken", chosen);
  spoken.value = chosen;
}

/** Words are looked up once for all: another language is another page. */
export function chooseLanguage(chosen: Language): void {
  keep("tether.language", chosen);
  location.reload();
}

const systemDark = typeof matchMedia === "undefined" ? null : matchMedia("(prefers-color-scheme: dark)");

/** Is what is shown now dark? */
export function isDark(): boolean {
  return theme.value === "dark" || theme.value === "contrast" || (theme.value === "system" && systemDark?.matches === true);
}

/** Call `act` when it may have become dark or light. */
export function onTheme(act: () => void, signal: AbortSignal): void {
  systemDark?.addEventListener("change", act, { signal });
  const stop = theme.subscribe(act);
  signal.addEventListener("abort", stop);
}
