/** Stacked bars: where each millisecond of the last frames went. */

import { html, setText, svg } from "./elements.js";
import { seconds } from "./numbers.js";
import { rectPath } from "./scales.js";

/** @typedef {import("./types.js").Result} Result */

/** @type {[Exclude<keyof import("./types.js").Breakdown, "total_s">, string][]} */
const STEPS = [
  ["preprocess_s", "preprocess"], ["queue_s", "queue"], ["head_s", "head"], ["encode_s", "encode"],
  ["uplink_s", "uplink"], ["decode_s", "decode"], ["tail_s", "tail"], ["postprocess_s", "postprocess"],
];
const FRAMES = 60;
const [WIDTH, HEIGHT, LEFT] = [640, 180, 46];

/** A chart that is drawn again from results. */
export function breakdownChart() {
  const bars = [...STEPS, ["rest", "between steps"]].map((_, index) => svg("path", { class: `s${index}` }));
  const top = svg("text", { x: LEFT - 6, y: 10, "text-anchor": "end" });
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "Latency of the last frames by step, the newest at the right" },
    svg("path", { class: "axis", d: `M${LEFT} 0V${HEIGHT}H${WIDTH}` }), ...bars, top, svg("text", { x: LEFT - 6, y: HEIGHT, "text-anchor": "end" }, "0"));
  const means = [...STEPS.map(([, name]) => name), "between steps"].map((name, index) => {
    const value = html("b", {});
    return { value, item: html("li", {}, html("span", { class: `key s${index}` }), `${name} `, value) };
  });
  const element = html("div", {}, drawing, html("ul", { class: "legend", "aria-label": "Mean by step" }, ...means.map(({ item }) => item)));

  /** @param {Result[]} results */
  function draw(results) {
    const shown = results.filter((result) => !result.error && !result.late).slice(-FRAMES);
    const parts = shown.map(partsOf);
    const most_s = scaleTop(parts.map((part) => sum(part)));
    setText(top, shown.length ? seconds(most_s) : "");
    paths(parts, most_s).forEach((path, index) => bars[index]?.setAttribute("d", path));
    means.forEach(({ value }, index) => setText(value, shown.length ? seconds(sum(parts.map((part) => part[index] ?? 0)) / shown.length) : "–"));
  }
  return { element, draw };
}

/** Seconds of each step and what lies between them. @param {Result} result */
export function partsOf({ breakdown }) {
  const steps = STEPS.map(([name]) => breakdown[name]);
  return [...steps, Math.max(breakdown.total_s - sum(steps), 0)];
}

/** @param {number[][]} parts @param {number} most_s */
function paths(parts, most_s) {
  const width = (WIDTH - LEFT) / FRAMES;
  const drawn = Array.from({ length: STEPS.length + 1 }, () => "");
  parts.forEach((part, frame) => {
    const x = WIDTH - (parts.length - frame) * width;
    let y = HEIGHT;
    part.forEach((value, step) => {
      const height = Math.min((value / most_s) * HEIGHT, y);
      y -= height;
      if (height > 0.05) drawn[step] += rectPath(x + 0.5, y, width - 1, height);
    });
  });
  return drawn;
}

/** A round number that most frames are below: one slow frame does not flatten the others. @param {number[]} totals */
function scaleTop(totals) {
  const sorted = [...totals].sort((one, other) => one - other);
  const high = Math.max(sorted[Math.floor(sorted.length * 0.95)] ?? 0, 1e-4) * 1.1;
  const unit = 10 ** Math.floor(Math.log10(high));
  return Math.ceil(high / (unit / 2)) * (unit / 2);
}

/** @param {number[]} values */
const sum = (values) => values.reduce((total, value) => total + value, 0);
