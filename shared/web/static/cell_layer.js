/** Grids of cells over a picture: blocks that were computed anew, and classes of a segmentation. */

import { svg } from "./elements.js";

/** @typedef {[number, number, number, number]} Sides left, top, right, bottom */
/** @typedef {{ columns: number, rows: number, shares: Sides, cells: (index: number) => number }} Grid a cell's value by its number */

const COLOURS = 8;

/** The class that has the colour of a segmentation's class. @param {number} number */
export const colourOf = (number) => `s${number % COLOURS}`;

/** A grid of bits as the agent packs it; null where there is none. @param {string | null} text @returns {Grid | null} */
export function changeGrid(text) {
  const [size, placed, packed] = text?.split(";") ?? [];
  if (!size || !placed || packed === undefined) return null;
  const [columns = 0, rows = 0] = size.split("x").map(Number);
  const [left = 0, top = 0, right = 1, bottom = 1] = placed.split(",").map(Number);
  const bits = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  return { columns, rows, shares: [left, top, right, bottom], cells: (index) => ((bits[index >> 3] ?? 0) >> (7 - (index & 7))) & 1 };
}

/** How much of the picture's part is set, from 0 to 1. @param {Grid} grid */
export function shareSet({ columns, rows, shares: [left, top, right, bottom], cells }) {
  let [set, all] = [0, 0];
  for (let index = 0; index < columns * rows; index += 1) {
    const [x, y] = [((index % columns) + 0.5) / columns, (Math.floor(index / columns) + 0.5) / rows];
    if (x < left || x > right || y < top || y > bottom) continue;
    all += 1;
    set += cells(index);
  }
  return set / Math.max(all, 1);
}

/** The classes of a segmentation's mask. @param {import("./types.js").AreaMask} mask @returns {Grid} */
export function areaGrid({ width, height, runs }) {
  const cells = new Uint16Array(width * height);
  let at = 0;
  for (let index = 0; index + 1 < runs.length; index += 2) {
    const end = at + (runs[index + 1] ?? 0);
    cells.fill(runs[index] ?? 0, at, end);
    at = end;
  }
  return { columns: width, rows: height, shares: [0, 0, 1, 1], cells: (index) => cells[index] ?? 0 };
}

/**
 * A path for each value, in the coordinates of the picture's part that is shown.
 * @param {Grid} grid @param {[number, number, number, number]} view x, y, width and height of the part
 * @param {(value: number) => string} styled the path's class, "" for none
 */
export function cellPaths({ columns, rows, shares: [left, top, right, bottom], cells }, view, styled) {
  const across = (/** @type {number} */ column) => view[0] + part((column / columns - left) / (right - left)) * view[2];
  const down = (/** @type {number} */ row) => view[1] + part((row / rows - top) / (bottom - top)) * view[3];
  /** @type {Map<string, string>} */
  const paths = new Map();
  for (let row = 0; row < rows; row += 1) {
    for (let from = 0, to = 0; from < columns; from = to) {
      const value = cells(row * columns + from);
      for (to = from + 1; to < columns && cells(row * columns + to) === value; to += 1);
      const style = styled(value);
      if (style) paths.set(style, `${paths.get(style) ?? ""}M${short(across(from))} ${short(down(row))}H${short(across(to))}V${short(down(row + 1))}H${short(across(from))}z`);
    }
  }
  return [...paths].map(([style, d]) => svg("path", { class: style, d }));
}

/** @param {number} value */
const part = (value) => Math.min(Math.max(value, 0), 1);

/** @param {number} value */
const short = (value) => Number(value.toFixed(2));
