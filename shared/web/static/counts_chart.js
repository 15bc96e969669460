/** Bar chart of counts: how many results there were in each minute, hour or day, split by label and the like. */

import { ApiError, getJson } from "./api.js";
import { html, setText, svg } from "./elements.js";
import { clock, count } from "./numbers.js";
import { rectPath } from "./scales.js";

/** @typedef {import("./types.js").Count} Count */

/** @type {Record<string, number>} seconds of each period */
const PERIODS = { minute: 60, hour: 3600, day: 86400 };
const SPLITS = ["label", "answered_by", "stream"];
const [BARS, COLOURS] = [48, 8];
const [WIDTH, HEIGHT, LEFT] = [640, 80, 46];

/** A chart that is fetched anew for each filter. */
export function countsChart() {
  const by = html("select", { id: "by", change: () => void load() }, ...Object.keys(PERIODS).map((name) => html("option", { value: name, selected: name === "hour" }, name)));
  const split = html("select", { id: "split", change: () => void load() }, ...SPLITS.map((name) => html("option", { value: name }, name.replace("_", " "))));
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT + 16}`, role: "img", "aria-label": "Results over time" });
  const legend = html("ul", { class: "legend", id: "counts", "aria-label": "Results in all periods shown" });
  const note = html("p", { class: "dim", role: "status" });
  const element = html("div", {},
    html("div", { class: "row" }, html("label", {}, "Counted by", by), html("label", {}, "Split by", split)), drawing, legend, note);
  let filter = new URLSearchParams();

  /** @param {URLSearchParams} query the filters of the results */
  async function show(query) {
    filter = new URLSearchParams(query);
    await load();
  }

  async function load() {
    const query = new URLSearchParams(filter);
    query.set("by", by.value);
    query.set("split", split.value);
    try {
      /** @type {{ counts: Count[] }} */
      const { counts } = await getJson(`/v1/results/counts?${query}`);
      draw(counts, PERIODS[by.value] ?? 60);
      setText(note, counts.length ? "" : "Nothing to count for this filter.");
    } catch (problem) {
      setText(note, problem instanceof ApiError ? problem.message : String(problem));
    }
  }

  /** @param {Count[]} counts @param {number} period_s */
  function draw(counts, period_s) {
    const last_s = Math.max(...counts.map((each) => each.begins_s), 0);
    const shown = counts.filter((each) => each.begins_s > last_s - BARS * period_s);
    const names = totals(shown);
    const most = highest(shown);
    const paths = names.map(() => "");
    for (const bar of barsOf(shown, names, last_s, period_s, most)) paths[bar.kind] += bar.path;
    drawing.replaceChildren(
      svg("path", { class: "axis", d: `M${LEFT} 0V${HEIGHT}H${WIDTH}` }), ...paths.map((d, kind) => svg("path", { class: `s${kind}`, d })),
      ...(shown.length ? [text(LEFT - 6, 10, count(most), "end"), text(WIDTH, HEIGHT + 13, clock(last_s), "end"), text(LEFT, HEIGHT + 13, clock(last_s - (BARS - 1) * period_s), "start")] : []));
    legend.replaceChildren(...names.map(([name, total], kind) => html("li", {}, html("span", { class: `key s${kind}` }), `${name} `, html("b", {}, count(total)))));
  }
  return { element, show };
}

/** @param {number} x @param {number} y @param {string} line @param {string} anchor */
const text = (x, y, line, anchor) => svg("text", { x, y, "text-anchor": anchor }, line);

/** Values with their totals, the most frequent first; what is beyond the colours counts as others. @param {Count[]} counts @returns {[string, number][]} */
export function totals(counts) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const { value, count: number } of counts) sums.set(value ?? "none", (sums.get(value ?? "none") ?? 0) + number);
  const sorted = [...sums].sort((one, other) => other[1] - one[1]);
  if (sorted.length <= COLOURS) return sorted;
  const rest = sorted.slice(COLOURS - 1).reduce((total, [, number]) => total + number, 0);
  return [...sorted.slice(0, COLOURS - 1), ["others", rest]];
}

/** The most of any period, at least one. @param {Count[]} counts */
function highest(counts) {
  /** @type {Map<number, number>} */
  const sums = new Map();
  for (const { begins_s, count: number } of counts) sums.set(begins_s, (sums.get(begins_s) ?? 0) + number);
  return Math.max(...sums.values(), 1);
}

/** Stacked rectangles. @param {Count[]} counts @param {[string, number][]} names @param {number} last_s @param {number} period_s @param {number} most */
function barsOf(counts, names, last_s, period_s, most) {
  const kinds = new Map(names.map(([name], kind) => [name, kind]));
  /** @type {Map<number, number>} */
  const tops = new Map();
  const width = (WIDTH - LEFT) / BARS;
  return counts.map(({ begins_s, value, count: number }) => {
    const kind = kinds.get(value ?? "none") ?? names.length - 1;
    const height = (number / most) * HEIGHT;
    const y = (tops.get(begins_s) ?? HEIGHT) - height;
    tops.set(begins_s, y);
    return { kind, path: rectPath(WIDTH - ((last_s - begins_s) / period_s + 1) * width + 0.5, y, width - 1, height) };
  });
}
