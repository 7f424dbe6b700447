/** A terminal's contents as rows of text, for whoever reads them elsewhere. */
import type { Terminal } from "@xterm/xterm";

import type { Row } from "../read/lines";

/** Every row that is kept, and where the screen begins among them. */
export function rowsOf(terminal: Terminal): { readonly rows: readonly Row[]; readonly screenAt: number } {
  const buffer = terminal.buffer.active;
  const rows = Array.from({ length: buffer.length }, (_, at) => {
    const line = buffer.getLine(at);
    return { text: line?.translateToString(false) ?? "", goesOn: line?.isWrapped ?? false };
  });
  return { rows, screenAt: buffer.baseY };
}
