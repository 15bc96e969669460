/** Picture of a frame with boxes, labels, text and the mark of an early exit over it. */

import { ApiError, request } from "./api.js";
import { covered, named } from "./agent_state.js";
import { html, setText, svg } from "./elements.js";

/** @typedef {import("./types.js").Result} Result */

/** A picture that is fetched again when there is a newer frame; at most one request at a time. */
export function pictureOverlay() {
  const image = html("img", { alt: "" });
  const over = svg("svg", { class: "over", "aria-hidden": "true" });
  const tags = html("div", { class: "tags" });
  const note = html("p", { class: "note" }, "no frame yet");
  const element = html("div", { class: "picture" }, image, over, tags, note);
  let isFetching = false;
  /** @type {(() => void) | null} what was asked for meanwhile */
  let next = null;
  let address = "";

  /** The picture at a path, and what the one of these results that is of its frame says. @param {string} path @param {Result[]} results */
  async function show(path, results) {
    if (document.hidden) return;
    if (isFetching) {
      next = () => void show(path, results);
      return;
    }
    isFetching = true;
    try {
      const answer = await request(path);
      const frameId = answer.headers.get("X-Evosplit-Frame-Id");
      const view = viewBox(answer.headers);
      swap(await answer.blob());
      over.setAttribute("viewBox", view);
      mark(results.findLast((result) => result.frame_id === frameId));
      setText(note, "");
    } catch (problem) {
      setText(note, problem instanceof ApiError ? problem.message : "the picture cannot be read");
      mark(results.at(-1));
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

  /** @param {Result | undefined} result */
  function mark(result) {
    const boxes = result?.outcome?.boxes ?? [];
    over.replaceChildren(...boxes.map((box) => outline(box.box)));
    tags.replaceChildren(...(result ? tagsOf(result) : []));
    image.alt = result ? `Frame ${result.frame_id}` : "";
  }
  return { element, show };
}

/** The part of the original picture that is shown, in its pixels: those of boxes. @param {Headers} headers */
export function viewBox(headers) {
  const [width = 1, height = 1] = (headers.get("X-Evosplit-Picture") ?? "1x1").split("x").map(Number);
  const [left = 0, top = 0, right = 1, bottom = 1] = (headers.get("X-Evosplit-Region") ?? "0,0,1,1").split(",").map(Number);
  return [left * width, top * height, (right - left) * width, (bottom - top) * height].join(" ");
}

/** @param {[number, number, number, number]} corners */
function outline([left, top, right, bottom]) {
  return svg("rect", { class: "box", x: left, y: top, width: Math.max(right - left, 0), height: Math.max(bottom - top, 0) });
}

/** @param {Result} result */
function tagsOf(result) {
  const { boxes, top, text, areas } = result.outcome ?? {};
  const things = (boxes ?? top?.slice(0, 3) ?? areas?.map(covered) ?? []).slice(0, 8).map((thing) => html("span", { class: "tag" }, named(thing)));
  if (text) things.push(html("span", { class: "tag" }, `“${text}”`));
  if (result.hook) things.push(html("span", { class: "tag exit" }, `early exit: ${result.hook}`));
  if (result.error) things.push(html("span", { class: "tag trouble" }, result.error));
  return things;
}
