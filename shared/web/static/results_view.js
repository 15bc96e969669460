/** Results view: what an agent, or the cloud of its edges, has stored; filtered, in pages. */

import { ApiError, getJson } from "./api.js";
import { readingOf } from "./agent_state.js";
import { countsChart } from "./counts_chart.js";
import { html, section, setText, table } from "./elements.js";
import { bytes, clock, seconds } from "./numbers.js";
import { pictureOverlay } from "./picture_overlay.js";

const PAGE = 50;
const ANSWERS = ["", "edge", "cloud", "exit", "edge-fallback", "nobody"];

/** @typedef {import("./types.js").Result} Result */

/** @param {boolean} [hasPictures] whether thumbnails may be kept with results: on an agent */
export function resultsView(hasPictures = false) {
  const fields = {
    stream: html("input", { name: "stream", autocomplete: "off" }),
    label: html("input", { name: "label", autocomplete: "off" }),
    text: html("input", { name: "text", autocomplete: "off" }),
    min_confidence: html("input", { name: "min_confidence", type: "number", min: 0, max: 1, step: 0.05 }),
    answered_by: html("select", { name: "answered_by" }, ...ANSWERS.map((name) => html("option", { value: name }, name || "anybody"))),
    since: html("input", { name: "since", type: "datetime-local" }),
    until: html("input", { name: "until", type: "datetime-local" }),
  };
  const chart = countsChart();
  const picture = pictureOverlay();
  const shown = html("div", { id: "thumbnail", hidden: true }, picture.element);
  const list = html("div", {});
  const line = html("p", { class: "dim", role: "status", id: "shown" });
  const more = html("button", { type: "button", id: "older", click: () => load(cursor) }, "Older");
  /** @type {string | null} */
  let cursor = null;
  const form = html("form", { class: "row", submit: (event) => { event.preventDefault(); void load(null); } },
    html("label", {}, "Stream", fields.stream), html("label", {}, "Label", fields.label), html("label", {}, "Text contains", fields.text),
    html("label", {}, "Least confidence", fields.min_confidence), html("label", {}, "Answered by", fields.answered_by),
    html("label", {}, "Since", fields.since), html("label", {}, "Until", fields.until),
    html("button", { class: "main", type: "submit" }, "Show"));

  /** @param {Result} result */
  function showPicture(result) {
    shown.hidden = false;
    void picture.show(`/v1/results/${encodeURIComponent(result.frame_id)}/thumbnail`, [result]);
    shown.scrollIntoView({ block: "nearest" });
  }

  /** @param {string | null} from */
  async function load(from) {
    const query = new URLSearchParams();
    for (const [name, field] of Object.entries(fields)) if (field.value) query.set(name, field.value);
    if (!from) void chart.show(query);
    query.set("limit", String(PAGE));
    if (from) query.set("cursor", from);
    try {
      /** @type {import("./types.js").ResultPage} */
      const page = await getJson(`/v1/results?${query}`);
      cursor = page.next_cursor;
      more.disabled = cursor === null;
      list.replaceChildren(resultTable(page.results, hasPictures ? showPicture : null));
      setText(line, `${page.results.length} results${from ? ", older ones" : ", the newest first"}`);
    } catch (problem) {
      setText(line, problem instanceof ApiError ? problem.message : String(problem));
    }
  }
  void load(null);
  const element = section("Results", form, chart.element, shown, line, list, html("div", { class: "row" }, more));
  return { element, polled: () => undefined, results: () => undefined };
}

/** @param {Result[]} results @param {((result: Result) => void) | null} showPicture */
function resultTable(results, showPicture) {
  const isFleet = results.some((result) => result.edge);
  const rows = results.map((result) => [
    clock(result.received_at_s), ...(isFleet ? [result.edge] : []), result.stream, readingOf(result), result.answered_by, seconds(result.breakdown.total_s),
    result.cut_key ?? "–", bytes(result.wire_bytes), html("code", {}, result.frame_id),
    ...(showPicture ? [html("button", { type: "button", class: "small", click: () => showPicture(result) }, "Picture")] : []),
  ]);
  return table("Results", ["received", ...(isFleet ? ["edge"] : []), "stream", "reading", "answered by", "latency", "cut", "sent", "frame", ...(showPicture ? ["picture"] : [])], rows, "No results for this filter.");
}
