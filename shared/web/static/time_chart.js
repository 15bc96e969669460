/** Link, plan and who answered over the last five minutes. */

import { html, setText, svg } from "./elements.js";
import { bitsPerSecond, count } from "./numbers.js";
import { logScale, pathOf, rectPath } from "./scales.js";

/** @typedef {import("./agent_state.js").AgentState} AgentState */
/** @typedef {import("./agent_state.js").LinkPoint} LinkPoint */
/** @typedef {import("./types.js").Result} Result */

const [WIDTH, LEFT, SPAN_S] = [640, 52, 300];
const [LINE_HEIGHT, PLAN_TOP, ANSWER_TOP, ANSWER_HEIGHT, HEIGHT] = [110, 122, 152, 56, 226];
const ANSWERS = ["edge", "exit", "cloud", "edge-fallback", "nobody"];

/** A chart that is drawn again from the state. */
export function timeChart() {
  const moving = svg("g", {});
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "Bandwidth, cut and answers of the last five minutes" },
    svg("path", { class: "axis", d: `M${LEFT} 0V${LINE_HEIGHT}H${WIDTH}M${LEFT} ${ANSWER_TOP + ANSWER_HEIGHT}H${WIDTH}` }),
    label(PLAN_TOP + 13, "cut"), label(ANSWER_TOP + 12, "answers"),
    svg("text", { x: LEFT, y: HEIGHT - 4 }, "5 min ago"), svg("text", { x: WIDTH, y: HEIGHT - 4, "text-anchor": "end" }, "now"), moving);
  const counts = ANSWERS.map((name) => ({ name, value: html("b", {}) }));
  const legend = html("ul", { class: "legend", "aria-label": "Frames by who answered, last five minutes" },
    ...counts.map(({ name, value }) => html("li", {}, html("span", { class: `key k-${name}` }), `${name} `, value)));

  /** @param {AgentState} state */
  function draw(state) {
    const now_s = Date.now() / 1000;
    const points = state.link.filter((point) => point.at_s > now_s - SPAN_S);
    const results = state.results.filter((result) => result.received_at_s > now_s - SPAN_S);
    moving.replaceChildren(...bandwidthLine(points, now_s), ...planStrip(points, now_s), ...answers(results, now_s));
    for (const { name, value } of counts) setText(value, count(results.filter((result) => result.answered_by === name).length));
  }
  return { element: html("div", {}, drawing, legend), draw };
}

/** @param {number} y @param {string} text */
const label = (y, text) => svg("text", { x: LEFT - 6, y, "text-anchor": "end" }, text);

/** @param {number} at_s @param {number} now_s */
const placeOf = (at_s, now_s) => WIDTH - ((now_s - at_s) / SPAN_S) * (WIDTH - LEFT);

/** @param {LinkPoint[]} points @param {number} now_s */
function bandwidthLine(points, now_s) {
  if (!points.length) return [];
  const values = points.map((point) => point.bandwidth_bps);
  const y = logScale(Math.min(...values) / 3, Math.max(...values) * 3, LINE_HEIGHT, 0);
  const ticks = y.ticks.slice(0, 6);
  return [
    ...ticks.map((tick) => label(y.place(tick) + 4, bitsPerSecond(tick).replace(/\.0+ /, " "))),
    svg("path", { class: "axis", d: ticks.map((tick) => `M${LEFT} ${y.place(tick).toFixed(1)}H${WIDTH}`).join("") }),
    svg("path", { class: "line", d: pathOf(points.map((point) => [placeOf(point.at_s, now_s), y.place(point.bandwidth_bps)])) }),
  ];
}

/** One rectangle for each stay with a cut; grey while the cloud is away. @param {LinkPoint[]} points @param {number} now_s */
function planStrip(points, now_s) {
  /** @type {{ from_s: number, to_s: number, cut_key: string, cloud: string }[]} */
  const stays = [];
  for (const { at_s, cut_key, cloud } of points) {
    const last = stays.at(-1);
    if (last && last.cut_key === cut_key && last.cloud === cloud) last.to_s = at_s + 2;
    else stays.push({ from_s: at_s, to_s: at_s + 2, cut_key, cloud });
  }
  const kinds = [...new Set(stays.map((stay) => stay.cut_key))];
  return stays.flatMap(({ from_s, to_s, cut_key, cloud }) => {
    const x = Math.max(placeOf(from_s, now_s), LEFT);
    const width = Math.max(Math.min(placeOf(to_s, now_s), WIDTH) - x, 1);
    const kind = cloud === "away" ? "fill-none" : `s${[0, 2, 6, 3, 5, 7][kinds.indexOf(cut_key) % 6]}`;
    return [svg("rect", { class: kind, x, y: PLAN_TOP, width, height: 18, rx: 2 }, svg("title", {}, `cut ${cut_key}${cloud === "away" ? ", cloud away" : ""}`)),
      width > 30 ? svg("text", { class: "strong", x: x + 4, y: PLAN_TOP - 2 }, cut_key) : null];
  }).filter((part) => part !== null);
}

/** Stacked counts in sixty bins. @param {Result[]} results @param {number} now_s */
function answers(results, now_s) {
  const bins = Array.from({ length: 60 }, () => ANSWERS.map(() => 0));
  for (const { received_at_s, answered_by } of results) {
    const bin = bins[Math.floor(((received_at_s - now_s + SPAN_S) / SPAN_S) * 60)];
    const kind = ANSWERS.indexOf(answered_by);
    if (bin && kind >= 0) bin[kind] = (bin[kind] ?? 0) + 1;
  }
  const most = Math.max(...bins.map((bin) => bin.reduce((total, value) => total + value, 0)), 1);
  const width = (WIDTH - LEFT) / 60;
  const drawn = ANSWERS.map(() => "");
  bins.forEach((bin, index) => {
    let y = ANSWER_TOP + ANSWER_HEIGHT;
    bin.forEach((value, kind) => {
      const height = (value / most) * ANSWER_HEIGHT;
      y -= height;
      if (value) drawn[kind] += rectPath(LEFT + index * width + 0.5, y, width - 1, height);
    });
  });
  return ANSWERS.map((name, kind) => svg("path", { class: `fill-${name}`, d: drawn[kind] }));
}
