/** The window that floats before all others: a picture-in-picture of ours, or a small window where there is no such thing. */
import { render, createElement } from "preact";

import { floating } from "../fleet/watch";
import { text } from "../strings";
import { go } from "../ui/route";

const SIZE = { width: 400, height: 620 } as const;
/** The large window's name, by which the small one finds it again. */
export const MAIN = "tether-page";

interface PictureInPicture {
  readonly window: Window | null;
  requestWindow(size: { readonly width: number; readonly height: number }): Promise<Window>;
}

function pictureInPicture(): PictureInPicture | undefined {
  return (window as { documentPictureInPicture?: PictureInPicture }).documentPictureInPicture;
}

/** Open it, or bring it to the front. Has to be called while a person presses something. */
export async function openFloat(): Promise<void> {
  const api = pictureInPicture();
  if (api === undefined) return openSmall();
  if (api.window !== null) return api.window.focus();
  let opened: Window;
  try {
    opened = await api.requestWindow(SIZE);
  } catch {
    return openSmall();
  }
  const { Float } = await import("./Float");
  furnish(opened.document);
  floating.value = true;
  const visit = (path: string) => {
    go(path);
    window.focus();
  };
  render(createElement(Float, { visit }), opened.document.body);
  opened.addEventListener("pagehide", () => {
    floating.value = false;
    render(null, opened.document.body);
  });
}

function openSmall(): void {
  window.name ||= MAIN;
  window.open("/float", "tether-float", `popup,width=${SIZE.width},height=${SIZE.height}`);
}

/** An empty document becomes one of ours: language, theme, styles. */
function furnish(inner: Document): void {
  const outer = document.documentElement;
  inner.documentElement.lang = outer.lang;
  if (outer.dataset["theme"] !== undefined) inner.documentElement.dataset["theme"] = outer.dataset["theme"];
  inner.title = text.appName;
  for (const sheet of document.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]")) inner.head.append(inner.importNode(sheet, true));
}
