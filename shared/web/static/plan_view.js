/** Plan view: the network with its cut, the plan table over bandwidth, what if, and pinning. */

import { ApiError, putJson } from "./api.js";
import { knownPlans } from "./agent_state.js";
import { ranked } from "./band.js";
import { bandChart, RANGE_BPS } from "./band_chart.js";
import { html, section, setText, table } from "./elements.js";
import { layerStrip } from "./layer_strip.js";
import { bitsPerSecond, bytes, digits, seconds, share } from "./numbers.js";
import { timeChart } from "./time_chart.js";

/** @typedef {import("./agent_state.js").AgentState} AgentState */

/** @param {AgentState} state @param {() => Promise<void>} refresh */
export function planView(state, refresh) {
  const strip = html("div", {});
  const chart = html("div", {});
  const plans = html("div", {});
  const line = html("p", { role: "status", id: "choice" });
  const automatic = html("button", { type: "button", id: "automatic", click: () => choose({ automatic: true }) }, "Back to automatic");
  const time = timeChart();
  const asked = html("input", { id: "asked", type: "number", min: 0.01, max: 1000, step: "any", value: 1, inputmode: "decimal", input: () => ask(Number(asked.value) * 1e6, false) });
  const answer = html("p", { "aria-live": "polite", id: "answer" });
  let asked_bps = 1e6;
  let drawn = "";

  const element = html("div", { class: "stack" },
    section("Network: edge, cut, cloud", strip),
    html("div", { class: "pair" },
      section("Plans over bandwidth", html("div", { class: "row" }, html("label", { for: "asked" }, "What if the uplink had (Mbit/s)?", asked)), answer, chart),
      section("Link, plan and answers over time", time.element)),
    section("Plan table", html("div", { class: "row" }, line, automatic), plans));

  /** @param {object} choice */
  async function choose(choice) {
    try {
      await putJson("/v1/plan/choice", choice);
      await refresh();
    } catch (problem) {
      setText(line, problem instanceof ApiError ? problem.message : String(problem));
    }
  }

  /** @param {number} bandwidth_bps @param {boolean} [write] */
  function ask(bandwidth_bps, write = true) {
    if (!(bandwidth_bps > 0)) return;
    asked_bps = Math.min(Math.max(bandwidth_bps, RANGE_BPS[0]), RANGE_BPS[1]);
    if (write) asked.value = String(Number((asked_bps / 1e6).toPrecision(3)));
    polled();
  }

  function polled() {
    const { profile, network } = state;
    const known = knownPlans(state);
    if (!profile || !network || !known.length) return;
    setText(line, choiceLine(profile.choice));
    automatic.disabled = profile.choice.automatic;
    time.draw(state);
    const { rtt_s, bandwidth_bps } = profile.link;
    const key = JSON.stringify([profile.plan, profile.choice, profile.hooks.map((hook) => hook.state), asked_bps, bandwidth_bps.toPrecision(2), rtt_s.toPrecision(2)]);
    if (key === drawn) return;
    drawn = key;
    const used = known.find((plan) => plan.digest === profile.plan.digest) ?? known[0];
    if (used) strip.replaceChildren(layerStrip(network, used, profile.hooks));
    chart.replaceChildren(bandChart(known.map(({ plan }) => plan), rtt_s, bandwidth_bps, asked_bps, ask));
    const first = ranked(known.map(({ plan }) => plan), { bandwidth_bps: asked_bps, rtt_s })[0];
    if (first) setText(answer, `At ${bitsPerSecond(asked_bps)}: cut ${first.plan.cut_key}, ${seconds(first.latency_s)} predicted.`);
    replaced(plans, planTable(state, asked_bps, choose));
  }
  polled();
  return { element, polled, results: () => undefined };
}

/** Replace the table; a button that had the focus has it again. @param {HTMLElement} place @param {HTMLElement} fresh */
function replaced(place, fresh) {
  const focused = place.contains(document.activeElement) ? document.activeElement?.getAttribute("aria-label") : null;
  place.replaceChildren(fresh);
  const again = [...place.querySelectorAll("button")].find((button) => button.getAttribute("aria-label") === focused);
  if (focused) again?.focus();
}

/** @param {import("./types.js").Choice} choice */
function choiceLine({ automatic, plan, cut, is_kept }) {
  if (automatic) return "Automatic: the plan follows the link.";
  const pinned = plan ? `plan ${digits(plan)} (cut ${cut})` : `cut ${cut}`;
  return is_kept ? `Pinned to ${pinned}.` : `Pinned to ${pinned}, which cannot be kept to just now.`;
}

/** @param {AgentState} state @param {number} asked_bps @param {(choice: object) => void} choose */
function planTable(state, asked_bps, choose) {
  const { profile } = state;
  const link = profile?.link ?? { bandwidth_bps: asked_bps, rtt_s: 0 };
  const order = ranked(knownPlans(state).map(({ plan }) => plan), link);
  const rows = order.map(({ plan, latency_s }) => {
    const digest = knownPlans(state).find((known) => known.plan === plan)?.digest ?? "";
    const at = ranked([plan], { ...link, bandwidth_bps: asked_bps })[0]?.latency_s;
    const marks = [digest === profile?.plan.digest ? "in use" : "", digest === profile?.choice.plan ? "pinned" : ""].filter(Boolean).join(", ");
    const bits = [...new Set(Object.values(plan.wire).map((code) => code.bits))].join("/") || "–";
    return [html("code", {}, digits(digest)), plan.cut_key, bits, bytes(plan.wire_bytes), seconds(latency_s), seconds(at), share(plan.error), html("b", { class: "good" }, marks),
      html("button", { type: "button", class: "small", "aria-label": `Pin plan ${digits(digest)}`, click: () => choose({ plan: digest }) }, "Pin")];
  });
  return table("Plan table", ["plan", "cut", "wire bits", "sent", "predicted now", `at ${bitsPerSecond(asked_bps)}`, "error", "", ""], rows);
}
