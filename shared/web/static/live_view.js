/** Live view: the newest picture of a stream, and where the time of its frames goes. */

import { readingOf } from "./agent_state.js";
import { breakdownChart } from "./breakdown_chart.js";
import { html, section, setText } from "./elements.js";
import { clock, seconds, bytes } from "./numbers.js";
import { pictureOverlay } from "./picture_overlay.js";

/** @typedef {import("./agent_state.js").AgentState} AgentState */
/** @typedef {import("./types.js").Result} Result */

const REDRAW_MS = 90;

/** @param {AgentState} state */
export function liveView(state) {
  const choice = html("select", { id: "stream", change: () => draw() });
  const changes = html("input", { type: "checkbox", id: "changes", change: () => draw() });
  const picture = pictureOverlay();
  const chart = breakdownChart();
  const newest = html("dl", { class: "facts2", id: "newest" });
  const rate = html("span", { class: "dim", id: "rate" });
  const element = html("div", { class: "pair" },
    section("Newest frame", html("div", { class: "row" }, html("label", { for: "stream" }, "Stream", choice), html("label", { class: "check", for: "changes" }, changes, "Computed anew"), rate), picture.element),
    html("div", { class: "stack" }, section("Where the time went, frame by frame", chart.element), section("Newest result", newest)));
  let isDue = false;

  function polled() {
    const { profile } = state;
    if (profile) setText(rate, `${profile.frames_per_s.toFixed(1)} frames/s, median ${seconds(profile.latency_s.p50)}, 95th percentile ${seconds(profile.latency_s.p95)}`);
  }

  /** Draw soon, once for all results until then: the last one is never left out. */
  function results() {
    if (isDue) return;
    isDue = true;
    setTimeout(draw, REDRAW_MS);
  }

  function draw() {
    isDue = false;
    if (!element.isConnected) return;
    streams(choice, state.results);
    const own = state.results.filter((result) => result.stream === choice.value);
    const last = own.at(-1);
    if (!last) return;
    chart.draw(own);
    facts(newest, last);
    void picture.show(`/v1/streams/${encodeURIComponent(choice.value)}/picture`, own.slice(-60), changes.checked);
  }
  results();
  polled();
  return { element, polled, results };
}

/** New streams are added to the choice. @param {HTMLSelectElement} choice @param {Result[]} results */
function streams(choice, results) {
  const known = new Set([...choice.options].map((option) => option.value));
  for (const { stream } of results) {
    if (!known.has(stream)) choice.append(html("option", { value: stream }, stream));
    known.add(stream);
  }
}

/** @param {HTMLElement} list @param {Result} result */
function facts(list, result) {
  const answered = result.hook ? `${result.answered_by} (${result.hook})` : result.answered_by;
  /** @type {[string, string][]} */
  const pairs = [
    ["reading", readingOf(result)], ["answered by", answered], ["latency", seconds(result.breakdown.total_s)],
    ["sent", bytes(result.wire_bytes)], ["cut", result.cut_key ?? "–"], ["received", clock(result.received_at_s)], ["frame", result.frame_id],
  ];
  pairs.forEach(([name, value], index) => {
    const term = list.children[2 * index] ?? list.appendChild(html("dt", {}, name));
    setText(term.nextElementSibling ?? list.appendChild(html("dd", {})), value);
  });
}
