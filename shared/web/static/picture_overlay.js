/** Picture of a frame with boxes, areas, labels, text, the mark of an early exit, and what was computed anew over it. */

import { ApiError, request } from "./api.js";
import { covered, named } from "./agent_state.js";
import { areaGrid, cellPaths, changeGrid, colourOf, shareSet } from "./cell_layer.js";
import { html, setText, svg } from "./elements.js";
import { share } from "./numbers.js";

/** @typedef {import("./types.js").Result} Result */
/** @typedef {import("./cell_layer.js").Grid} Grid */
/** @typedef {[number, number, number, number]} View x, y, width and height in the picture's pixels */

/** A picture that is fetched again when there is a newer frame; at most one request at a time. */
export function pictureOverlay() {
  const image = html("img", { alt: "" });
  const over = svg("svg", { class: "over", "aria-hidden": "true" });
  const tags = html("div", { class: "tags" });
  const note = html("p", { class: "note" }, "no frame yet");
  const changed = html("p", { class: "dim", id: "changed" });
  const element = html("div", {}, html("div", { class: "picture" }, image, over, tags, note), changed);
  let isFetching = false;
  /** @type {(() => void) | null} what was asked for meanwhile */
  let next = null;
  let address = "";

  /**
   * The picture at a path, and what the one of these results that is of its frame says.
   * @param {string} path @param {Result[]} results @param {boolean} [withChanges] and what of it was computed anew
   */
  async function show(path, results, withChanges = false) {
    if (document.hidden) return;
    if (isFetching) {
      next = () => void show(path, results, withChanges);
      return;
    }
    isFetching = true;
    try {
      const answer = await request(withChanges ? `${path}?changes=1` : path);
      const frameId = answer.headers.get("X-Evosplit-Frame-Id");
      const view = shownPart(answer.headers);
      const grid = withChanges ? changeGrid(answer.headers.get("X-Evosplit-Changes")) : null;
      swap(await answer.blob());
      over.setAttribute("viewBox", view.join(" "));
      mark(results.findLast((result) => result.frame_id === frameId), view, grid);
      setText(changed, withChanges ? toldOf(grid) : "");
      setText(note, "");
    } catch (problem) {
      setText(note, problem instanceof ApiError ? problem.message : "the picture cannot be read");
      mark(results.at(-1), null, null);
    } finally {
      isFetching = false;
      const again = next;
      next = null;
      again?.();
    }
  }

  /** @param {Blob} blob */
  function swap(blob) {
    const old = address;
    address = URL.createObjectURL(blob);
    image.src = address;
    if (old) URL.revokeObjectURL(old);
  }

  /** @param {Result | undefined} result @param {View | null} view @param {Grid | null} grid */
  function mark(result, view, grid) {
    const { boxes = [], mask, areas = [] } = result?.outcome ?? {};
    const named = new Set(areas.filter(isNamed).map((area) => area.class));
    const cells = view && mask ? cellPaths(areaGrid(mask), view, (number) => (named.has(number) ? `area ${colourOf(number)}` : "")) : [];
    const anew = view && grid ? cellPaths(grid, view, (bit) => (bit ? "changed" : "")) : [];
    over.replaceChildren(...cells, ...anew, ...boxes.map((box) => outline(box.box)));
    tags.replaceChildren(...(result ? tagsOf(result) : []));
    image.alt = result ? `Frame ${result.frame_id}` : "";
  }
  return { element, show };
}

/** The part of the original picture that is shown, in its pixels: those of boxes. @param {Headers} headers @returns {View} */
function shownPart(headers) {
  const [width = 1, height = 1] = (headers.get("X-Evosplit-Picture") ?? "1x1").split("x").map(Number);
  const [left = 0, top = 0, right = 1, bottom = 1] = (headers.get("X-Evosplit-Region") ?? "0,0,1,1").split(",").map(Number);
  return [left * width, top * height, (right - left) * width, (bottom - top) * height];
}

/** @param {Grid | null} grid */
function toldOf(grid) {
  return grid ? `Computed anew: ${share(shareSet(grid))}` : "Computed anew: all of it (change masks: --change-threshold)";
}

/** What is no background has a colour. @param {import("./types.js").Area} area */
function isNamed({ class: number, label }) {
  return label ? !/^(background|unlabell?ed|void)$/i.test(label) : number > 0;
}

/** @param {[number, number, number, number]} corners */
function outline([left, top, right, bottom]) {
  return svg("rect", { class: "box", x: left, y: top, width: Math.max(right - left, 0), height: Math.max(bottom - top, 0) });
}

/** @param {Result} result */
function tagsOf(result) {
  const { boxes, top, text, areas } = result.outcome ?? {};
  const things = (boxes ?? top?.slice(0, 3) ?? []).slice(0, 8).map((thing) => html("span", { class: "tag" }, named(thing)));
  for (const area of areas?.slice(0, 8) ?? []) {
    const key = isNamed(area) ? html("span", { class: `key ${colourOf(area.class)}` }) : null;
    things.push(html("span", { class: "tag" }, key, named(covered(area))));
  }
  if (text) things.push(html("span", { class: "tag" }, `“${text}”`));
  if (result.hook) things.push(html("span", { class: "tag exit" }, `early exit: ${result.hook}`));
  if (result.error) things.push(html("span", { class: "tag trouble" }, result.error));
  return things;
}
