/** Fleet view of the cloud: edges with plan and agreement, and roll-outs. */

import { getJson } from "./api.js";
import { html, section, table } from "./elements.js";
import { fleetMap } from "./fleet_map.js";
import { age, bitsPerSecond, count, digits, seconds, share } from "./numbers.js";

export function fleetView() {
  const edges = html("div", { id: "edges" });
  const rollouts = html("div", { id: "rollouts" });
  const map = html("div", {});

  async function polled() {
    /** @type {import("./types.js").Fleet} */
    const fleet = await getJson("/v1/fleet");
    map.replaceChildren(fleetMap(fleet.edges));
    edges.replaceChildren(edgeTable(fleet));
    rollouts.replaceChildren(rolloutTable(fleet.rollouts));
  }
  return { element: html("div", { class: "stack" }, html("div", { class: "pair" }, section("Map", map), section("Roll-outs", rollouts)), section("Edges", edges)), polled, results: () => undefined };
}

/** @param {import("./types.js").Fleet} fleet */
function edgeTable({ edges, now_s }) {
  const rows = edges.map((edge) => [
    edge.name, edge.model, html("b", { class: edge.state === "here" ? "good" : "bad" }, edge.state), age(now_s - edge.last_seen_s),
    edge.plan ? `cut ${edge.plan.cut_key}, ${edge.plan.wire_bits.join("/") || "–"} bits` : "–", bitsPerSecond(edge.bandwidth_bps), seconds(edge.rtt_s),
    count(edge.frames), count(edge.waiting), agreementOf(edge), answersOf(edge), edge.version,
  ]);
  return table("Edges", ["edge", "model", "state", "seen", "plan", "link", "round trip", "frames", "waiting", "agreement", "answered by", "version"], rows, "No edge has been heard of.");
}

/** @param {import("./types.js").Edge} edge */
function agreementOf({ agreement, promised, audits, distrusted_plans }) {
  if (!audits) return "–";
  const isKept = promised === null || (agreement ?? 1) >= promised;
  return html("span", { class: isKept && !distrusted_plans ? "" : "bad" }, `${share(agreement)} of ${count(audits)}`);
}

/** @param {import("./types.js").Edge} edge */
function answersOf({ answered_by, frames }) {
  return Object.entries(answered_by).map(([name, value]) => `${name} ${share(value / Math.max(frames, 1))}`).join(", ") || "–";
}

/** @param {import("./types.js").Rollout[]} rollouts */
function rolloutTable(rollouts) {
  const rows = rollouts.map((rollout) => [
    rollout.model, rollout.state, html("code", {}, digits(rollout.current)), html("code", {}, digits(rollout.candidate)), share(rollout.share),
    rollout.audits ? `${share(rollout.agreement)} of ${count(rollout.audits)}` : "–", share(rollout.least_agreement), rollout.rejected.map(({ reason }) => reason).join("; "),
  ]);
  return table("Roll-outs", ["model", "state", "current", "candidate", "share", "agreement", "least", "rejected"], rows, "No roll-outs: each edge has plans of its own.");
}
