// What xterm.js shows after some output: reads requests and writes answers, one JSON document a line.
//
// A request has `cols`, `rows` and `ops`: ["w", text with a byte in each character] writes, ["r", cols, rows] resizes.
// The answer has `text`, `screen` (with cursor, colours, attributes and which of the two screens it is) and `rest`
// (modes, margins, tab stops, saved cursor, pen, character sets, title, links, wraps, scrollback, the hidden screen), and
// `replies`: what the terminal answered to questions.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(import.meta.url);
const { Terminal } = require("@xterm/headless");

// How many columns characters take: as on the page (web/src/terminal/widths.ts).
const { zero, wide } = JSON.parse(readFileSync(new URL("../../../web/src/terminal/widths.json", import.meta.url)));
const WIDTHS = new Map();
for (const [runs, width] of [[zero, 0], [wide, 2]]) {
  for (let at = 0; at < runs.length; at += 2) for (let point = runs[at]; point <= runs[at + 1]; point++) WIDTHS.set(point, width);
}
const wcwidth = (point) => (point < 0x20 || (point >= 0x7f && point < 0xa0) ? 0 : (WIDTHS.get(point) ?? 1));
const PROVIDER = {
  version: "tether",
  wcwidth,
  charProperties(point, before) {
    const width = wcwidth(point);
    const joins = width === 0 && before !== 0 && ((before >> 1) & 3) !== 0;
    return ((joins ? (before >> 1) & 3 : width) << 1) | (joins ? 1 : 0);
  },
};

const ATTRIBUTES = ["Bold", "Italic", "Dim", "Blink", "Invisible", "Strikethrough", "Overline"];
const SHOWN_ON_BLANK = ["Underline", "Strikethrough", "Overline", "Inverse"];

function colour(mode, value) {
  return mode === 0 ? "" : mode === 0x3000000 ? `#${value.toString(16)}` : `${value}`;
}

// A cell's look; of a blank one only what can be seen.
function look(cell) {
  const blank = cell.getChars() === "" || cell.getChars() === " ";
  const shows = SHOWN_ON_BLANK.some((name) => cell[`is${name}`]());
  const bg = colour(cell.getBgColorMode(), cell.getBgColor());
  if (blank && !shows) return `/${bg}`;
  const fg = colour(cell.getFgColorMode(), cell.getFgColor());
  const set = ATTRIBUTES.filter((name) => cell[`is${name}`]()).map((name) => name[0] + name[1]);
  if (cell.isInverse()) set.push("In");
  if (cell.isUnderline()) set.push(`Un${cell.extended.underlineStyle}:${cell.extended.underlineColor >>> 0}`);
  return `${fg}/${bg}/${set.join("")}`;
}

function row(line, cols, cell) {
  const runs = [];
  let run = null;
  for (let x = 0; x < cols; x++) {
    line.getCell(x, cell);
    if (cell.getWidth() === 0) continue;
    const key = look(cell);
    if (run === null || run[1] !== key) runs.push((run = ["", key]));
    run[0] += cell.getChars() || " ";
  }
  const last = runs.at(-1);
  if (last !== undefined && last[1] === "/") last[0] = last[0].trimEnd();
  if (last !== undefined && last[0] === "") runs.pop();
  return runs;
}

function links(core, buffer, from, to, cols) {
  const found = [];
  for (let y = from; y < to; y++) {
    const line = buffer.lines.get(y);
    for (let x = 0; line !== undefined && x < Math.min(cols, line.length); x++) {
      const id = line._extendedAttrs?.[x]?.urlId;
      const has = (line.getBg(x) & 0x10000000) !== 0;
      if (has && id) found.push(`${y - buffer.ybase},${x}:${core._oscLinkService.getLinkData(id)?.uri}`);
    }
  }
  return found;
}

function saved(buffer) {
  const attr = buffer.savedCurAttrData;
  return [buffer.savedX, Math.max(0, buffer.savedY - buffer.ybase), attr.fg, attr.bg, buffer.savedCharset ?? null];
}

function state(term, title, colours) {
  const core = term._core;
  const { cols, rows } = term;
  const active = term.buffer.active;
  const buffer = core._bufferService.buffer;
  const cell = active.getNullCell();
  const lines = (api, from, to) => {
    const out = [];
    for (let y = from; y < to; y++) {
      const line = api.getLine(y);
      out.push(line === undefined ? [] : row(line, cols, cell));
    }
    return out;
  };
  const shown = lines(active, active.baseY, active.baseY + rows);
  const pen = core._inputHandler._curAttrData;
  const mouse = core.coreMouseService;
  const normal = term.buffer.normal;
  const hidden = active.type === "alternate" ? lines(normal, normal.baseY, normal.baseY + rows) : [];
  const wraps = [];
  for (let y = active.baseY + 1; y < active.baseY + rows; y++) wraps.push(active.getLine(y)?.isWrapped ? 1 : 0);
  return {
    text: shown.map((runs) => runs.map((run) => run[0]).join("").trimEnd()),
    screen: { type: active.type, x: active.cursorX, y: active.cursorY, rows: shown },
    rest: {
      modes: { ...core.coreService.decPrivateModes, ...core.coreService.modes, hidden: core.coreService.isCursorHidden },
      mouse: [mouse.activeProtocol, mouse.activeEncoding],
      margins: [buffer.scrollTop, buffer.scrollBottom],
      tabs: Object.keys(buffer.tabs).filter((x) => buffer.tabs[x] && x > 0 && x < cols).join(),
      saved: saved(buffer),
      primary: active.type === "alternate" ? saved(core._bufferService.buffers.normal) : null,
      pen: [pen.fg & ~0x10000000, pen.bg & ~0x10000000],
      charsets: [core._charsetService.glevel, core._charsetService.charset ?? null],
      cursor: [core.optionsService.rawOptions.cursorStyle, core.coreService.decPrivateModes.cursorStyle ?? null],
      title,
      colours,
      wraps: wraps.join(""),
      links: links(core, buffer, buffer.ybase, buffer.ybase + rows, cols),
      hidden,
      history: lines(normal, 0, normal.baseY),
    },
  };
}

async function answer({ cols, rows, ops }) {
  // `reflowCursorLine` as the page has it.
  const options = { scrollback: 200, reflowCursorLine: true, allowProposedApi: true, logLevel: "off" };
  const term = new Terminal({ cols, rows, ...options });
  term.unicode.register(PROVIDER);
  term.unicode.activeVersion = PROVIDER.version;
  let title = "";
  let replies = "";
  const colours = {};
  // Each event is a list of what to do with colours: 1 sets one, 2 puts one or all back.
  term._core._inputHandler.onColor((acts) => {
    for (const { type, index, color } of acts) {
      if (type === 1) colours[index] = color.join();
      else if (type === 2) for (const known of index === undefined ? Object.keys(colours) : [index]) delete colours[known];
    }
  });
  term.onTitleChange((text) => (title = text));
  term.onData((data) => (replies += data));
  // As on the page (web/src/terminal/decoding.ts).
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (const op of ops) {
    const data = op[0] === "w" ? decoder.decode(Buffer.from(op[1], "latin1"), { stream: true }) : "";
    if (op[0] === "w") await new Promise((done) => term.write(data, done));
    else term.resize(op[1], op[2]);
  }
  const made = { ...state(term, title, colours), replies };
  term.dispose();
  return made;
}

const input = createInterface({ input: process.stdin, crlfDelay: Infinity });
for await (const line of input) process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + "\n");
