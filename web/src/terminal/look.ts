/** What a terminal shows, compared; and how it is drawn. */
import { Terminal, type ITheme } from "@xterm/xterm";

import { isDark, theme } from "../app/preferences";
import type { Size } from "../session/sizing";
import { Decoding } from "./decoding";
import { CONTRAST, DARK, LIGHT } from "./themes";
import { measureAsServer } from "./widths";

/** The colours of the page's theme. */
export function palette(): ITheme {
  if (theme.value === "contrast") return CONTRAST;
  return isDark() ? DARK : LIGHT;
}

/** Tell whether `data`, drawn on a screen of `size`, is what `terminal` shows once it has drawn all that it was given. */
export function compareWith(terminal: Terminal, data: Uint8Array, size: Size, then: (same: boolean) => void): void {
  const other = new Terminal({ ...size, scrollback: 0, allowProposedApi: true });
  measureAsServer(other);
  other.write(new Decoding().text(data), () => {
    terminal.write("", () => {
      const same = shows(terminal) === shows(other);
      other.dispose();
      then(same);
    });
  });
}

/** What can be seen of a terminal, as text. */
function shows(terminal: Terminal): string {
  const buffer = terminal.buffer.active;
  const lines = Array.from({ length: terminal.rows }, (_, row) => buffer.getLine(buffer.baseY + row)?.translateToString(true) ?? "");
  return [buffer.type, buffer.cursorX, buffer.cursorY, ...lines].join("\n");
}

/** Draw with WebGL where there is any; without it the DOM renderer draws already. */
export async function accelerate(terminal: Terminal, stopped: AbortSignal): Promise<void> {
  try {
    const { WebglAddon } = await import("@xterm/addon-webgl");
    if (stopped.aborted) return;
    const webgl = new WebglAddon();
    // A lost context leaves a black screen: without the addon the DOM renderer draws.
    webgl.onContextLoss(() => webgl.dispose());
    terminal.loadAddon(webgl);
  } catch {
    // No WebGL 2 here.
  }
}
