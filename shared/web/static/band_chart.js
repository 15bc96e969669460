/** Band chart: predicted latency of every plan over bandwidth, today's bandwidth, and one that is asked about. */

import { bandwidths, latencyAt, ranked } from "./band.js";
import { svg } from "./elements.js";
import { bitsPerSecond, seconds } from "./numbers.js";
import { logScale, pathOf } from "./scales.js";

/** @typedef {import("./types.js").Plan} Plan */

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [640, 260, 52, 22];
export const RANGE_BPS = /** @type {const} */ ([1e4, 1e9]);

/**
 * @param {Plan[]} plans @param {number} rtt_s @param {number} today_bps @param {number} asked_bps
 * @param {(bandwidth_bps: number) => void} ask
 */
export function bandChart(plans, rtt_s, today_bps, asked_bps, ask) {
  const at = bandwidths(RANGE_BPS[0], RANGE_BPS[1], 81);
  const best = at.map((bandwidth_bps) => ranked(plans, { bandwidth_bps, rtt_s })[0]?.latency_s ?? 0);
  const low = Math.min(...best);
  const x = logScale(RANGE_BPS[0], RANGE_BPS[1], LEFT, WIDTH);
  const y = logScale(low / 1.5, Math.max(...best, low * 10) * 2.5, HEIGHT - BOTTOM, 0);
  const curve = (/** @type {number[]} */ values) => pathOf(at.map((bps, index) => [x.place(bps), Math.max(y.place(values[index] ?? 0), 0)]));
  const curves = plans.map((plan) => svg("path", { class: "curve", d: curve(at.map((bandwidth_bps) => latencyAt(plan, { bandwidth_bps, rtt_s }))) },
    svg("title", {}, `cut ${plan.cut_key}`)));
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": described(plans, rtt_s, today_bps, asked_bps) },
    ...axes(x, y), ...curves, svg("path", { class: "curve best", d: curve(best) }),
    ...mark(x, today_bps, "today", "now", 12), ...(asked_bps === today_bps ? [] : mark(x, asked_bps, "asked", bitsPerSecond(asked_bps), 26)),
    svg("rect", { class: "pick", x: LEFT, y: 0, width: WIDTH - LEFT, height: HEIGHT - BOTTOM, click: picked }));

  /** @param {Event} event */
  function picked(event) {
    if (!(event instanceof MouseEvent)) return;
    const bounds = drawing.getBoundingClientRect();
    ask(x.value(((event.clientX - bounds.left) / bounds.width) * WIDTH));
  }
  return drawing;
}

/** @param {Plan[]} plans @param {number} rtt_s @param {number} today_bps @param {number} asked_bps */
function described(plans, rtt_s, today_bps, asked_bps) {
  const at = (/** @type {number} */ bandwidth_bps) => {
    const first = ranked(plans, { bandwidth_bps, rtt_s })[0];
    return first ? `at ${bitsPerSecond(bandwidth_bps)} cut ${first.plan.cut_key} takes ${seconds(first.latency_s)}` : "";
  };
  return `Predicted latency of ${plans.length} plans over bandwidth: now, ${at(today_bps)}; ${at(asked_bps)}`;
}

/** @param {import("./scales.js").Scale} x @param {import("./scales.js").Scale} y */
function axes(x, y) {
  const floor = HEIGHT - BOTTOM;
  return [
    svg("path", { class: "axis", d: `M${LEFT} 0V${floor}H${WIDTH}${x.ticks.map((tick) => `M${x.place(tick)} ${floor}v4`).join("")}${y.ticks.map((tick) => `M${LEFT} ${y.place(tick)}H${WIDTH}`).join("")}` }),
    ...x.ticks.map((tick, index) => svg("text", { x: x.place(tick), y: HEIGHT - 5, "text-anchor": index === x.ticks.length - 1 ? "end" : "middle" }, bitsPerSecond(tick).replace(/\.0+ /, " "))),
    ...y.ticks.map((tick) => svg("text", { x: LEFT - 6, y: y.place(tick) + 4, "text-anchor": "end" }, seconds(tick).replace(/\.0+ /, " "))),
  ];
}

/** @param {import("./scales.js").Scale} x @param {number} bps @param {string} kind @param {string} text @param {number} y */
function mark(x, bps, kind, text, y) {
  const place = x.place(Math.min(Math.max(bps, RANGE_BPS[0]), RANGE_BPS[1]));
  const isLate = place > WIDTH - 90;
  return [
    svg("line", { class: kind, x1: place, x2: place, y1: 0, y2: HEIGHT - BOTTOM }),
    svg("text", { class: kind, x: place + (isLate ? -5 : 5), y, "text-anchor": isLate ? "end" : "start" }, text),
  ];
}
