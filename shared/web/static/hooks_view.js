/** Hooks view: each hook's place, decisions, agreement in audits, and the guard of plans. */

import { html, section, table } from "./elements.js";
import { count, digits, seconds, share } from "./numbers.js";

/** @typedef {import("./agent_state.js").AgentState} AgentState */

/** @type {Record<string, string>} */
const STATES = { ok: "good", raise: "warn", off: "bad", dropped: "bad" };

/** @param {AgentState} state */
export function hooksView(state) {
  const hooks = html("div", {});
  const guard = html("dl", { class: "facts2" });
  const element = html("div", { class: "stack" }, section("Hooks", hooks), section("Guard of the plan's accuracy", guard));

  function polled() {
    if (!state.profile) return;
    hooks.replaceChildren(hookTable(state.profile.hooks));
    guard.replaceChildren(...guardFacts(state.planPage?.guard ?? null));
  }
  polled();
  return { element, polled, results: () => undefined };
}

/** @param {import("./types.js").Hook[]} hooks */
function hookTable(hooks) {
  const rows = hooks.map((hook) => [
    hook.hook, hook.kind, html("code", {}, hook.tap), html("b", { class: STATES[hook.state] ?? "" }, hook.state),
    share(hook.fire_rate), hook.audits ? share(hook.agreement) : "–", count(hook.audits),
    hook.threshold === null ? "–" : hook.threshold.toFixed(3), hook.floor === null ? "–" : hook.floor.toFixed(3), seconds(hook.seconds.mean),
  ]);
  const none = "No hooks yet: they are learnt from frames.";
  return table("Hooks", ["hook", "kind", "tap", "state", "acted on", "agreement", "audits", "threshold", "guard's floor", "time"], rows, none);
}

/** @param {import("./types.js").Guard | null} guard */
function guardFacts(guard) {
  if (!guard) return [html("dt", {}, "state"), html("dd", {}, "plans are not audited")];
  /** @type {[string, string][]} */
  const pairs = [
    ["promised loss", guard.max_drop === null ? "none promised" : `at most ${share(guard.max_drop)}`],
    ["audits", count(guard.audits)], ["agreement", share(guard.agreement)],
    ["plans left", guard.distrusted.length ? guard.distrusted.map(digits).join(", ") : "none"],
  ];
  return pairs.flatMap(([name, value]) => [html("dt", {}, name), html("dd", {}, value)]);
}
