/** Page of an agent: its views, kept up to date by the feed. */

import { startFeed } from "./agent_feed.js";
import { addProfile } from "./agent_state.js";
import { getJson } from "./api.js";
import { flowsView } from "./flows_view.js";
import { hooksView } from "./hooks_view.js";
import { liveView } from "./live_view.js";
import { bitsPerSecond } from "./numbers.js";
import { planView } from "./plan_view.js";
import { resultsView } from "./results_view.js";
import { shell, showFacts } from "./shell.js";

/** @typedef {import("./api.js").ApiError} ApiError */

/** @param {AbortController} session @param {(trouble?: string) => void} logOut */
export function agentPage(session, logOut) {
  const state = startFeed(session.signal, { polled, results: () => frame.view()?.results(), trouble });
  const frame = shell([
    { name: "live", title: "Live", make: () => liveView(state) },
    { name: "plan", title: "Plan", make: () => planView(state, refresh) },
    { name: "hooks", title: "Hooks", make: () => hooksView(state) },
    { name: "results", title: "Results", make: () => resultsView(true) },
    { name: "flows", title: "Sources and sinks", make: flowsView },
  ], () => logOut());

  async function refresh() {
    addProfile(state, await getJson("/v1/profile"));
    polled();
  }

  function polled() {
    const { profile } = state;
    if (!profile) return;
    const plan = profile.choice.automatic ? `cut ${profile.plan.cut_key}` : `cut ${profile.plan.cut_key}, pinned`;
    showFacts(frame.facts, [["agent of", profile.model], ["cloud", profile.cloud], ["plan", plan], ["uplink", bitsPerSecond(profile.link.bandwidth_bps)], ["frames/s", profile.frames_per_s.toFixed(1)]]);
    frame.warn(profile.cloud === "away" ? "The cloud is away: the edge answers alone." : "");
    void frame.view()?.polled();
  }

  /** @param {ApiError | null} problem */
  function trouble(problem) {
    if (problem?.status === 401) logOut(problem.message);
    else if (problem) frame.warn(problem.message);
  }
  return frame;
}
