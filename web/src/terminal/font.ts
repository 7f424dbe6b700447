/** How large the terminal's letters are. Pure but for the store: the choice is this device's. */
import { keep, kept } from "../app/preferences";

export const FONT_PX_MIN = 6;
export const FONT_PX_MAX = 28;
// What is shown of a larger session is made smaller down to here, and panned beyond.
const READABLE_PX = 7;
const KEY = "tether.font";

/** The nearest size that there is: whole px. */
export function clampFont(px: number): number {
  return Math.min(FONT_PX_MAX, Math.max(FONT_PX_MIN, Math.round(px)));
}

/** The size chosen on this device, or the usual one. */
export function loadFont(coarse: boolean): number {
  const chosen = Number.parseInt(kept(KEY), 10);
  return Number.isFinite(chosen) ? clampFont(chosen) : coarse ? 13 : 14;
}

export function saveFont(px: number): void {
  keep(KEY, String(px));
}

/** How a session is shown: it fills the page, stands in it with an edge around, or is larger and panned. */
export type Fit = "own" | "boxed" | "panned";

interface Cells {
  readonly cols: number;
  readonly rows: number;
}

/**
 * The font for a session of `size` where `fits` would fill the page at `px`. With `glance` (px, 0 for none) somebody
 * looks closer at what is larger than the page, and pans the rest.
 */
export function scaled(size: Cells, fits: Cells, px: number, glance: number): { readonly px: number; readonly fit: Fit } {
  const ratio = Math.min(1, fits.cols / size.cols, fits.rows / size.rows);
  if (ratio === 1) return { px, fit: size.cols === fits.cols && size.rows === fits.rows ? "own" : "boxed" };
  if (glance > 0) return { px: glance, fit: "panned" };
  // Cells are whole device pixels: half steps of the font are the finest that show.
  const smaller = Math.max(Math.min(READABLE_PX, px), Math.floor(px * ratio * 2) / 2);
  return { px: smaller, fit: smaller > READABLE_PX ? "boxed" : "panned" };
}
