/** Feed of an agent's page: its profile every two seconds, results as they are finished, plans when they change. */

import { ApiError, getJson } from "./api.js";
import { addProfile, addResult, emptyState } from "./agent_state.js";
import { events } from "./event_stream.js";

const POLL_MS = 2000;
const PLAN_PAGE_MS = 20000;
const FIRST_RESULTS = 120;

/** @typedef {{ polled: () => void, results: () => void, trouble: (problem: ApiError | null) => void }} Listener */

/**
 * Read until the signal says stop; what is known is in the returned state.
 * @param {AbortSignal} signal @param {Listener} listener
 */
export function startFeed(signal, listener) {
  const state = emptyState();
  void poll(state, signal, listener);
  void follow(state, signal, listener);
  return state;
}

/** @param {import("./agent_state.js").AgentState} state @param {AbortSignal} signal @param {Listener} listener */
async function poll(state, signal, listener) {
  let planRead_ms = -PLAN_PAGE_MS;
  let known = "";
  while (!signal.aborted) {
    if (!document.hidden) {
      try {
        addProfile(state, await getJson("/v1/profile"));
        const now = planKey(state);
        if (now !== known || performance.now() - planRead_ms > PLAN_PAGE_MS) {
          await readPlans(state);
          [known, planRead_ms] = [now, performance.now()];
        }
        if (signal.aborted) return;
        listener.trouble(null);
        listener.polled();
      } catch (problem) {
        if (!signal.aborted) listener.trouble(problem instanceof ApiError ? problem : new ApiError(0, String(problem)));
      }
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

/** @param {import("./agent_state.js").AgentState} state */
function planKey({ profile }) {
  return profile ? [profile.model_sha256, profile.plan.digest, profile.plan_changes, profile.calibration].join() : "";
}

/** The table is long: it is read when the plan has changed, or after a while. @param {import("./agent_state.js").AgentState} state */
async function readPlans(state) {
  [state.planPage, state.network] = await Promise.all([getJson("/v1/plan"), getJson("/v1/network")]);
}

/** @param {import("./agent_state.js").AgentState} state @param {AbortSignal} signal @param {Listener} listener */
async function follow(state, signal, listener) {
  try {
    const page = await getJson(`/v1/results?limit=${FIRST_RESULTS}`);
    for (const result of page.results.reverse()) addResult(state, result);
    listener.results();
  } catch {
    // The poll says what is wrong.
  }
  const onState = (/** @type {boolean} */ isOpen, /** @type {ApiError | null} */ problem) => {
    if (problem) listener.trouble(problem);
  };
  for await (const data of events("/v1/events", signal, onState)) {
    addResult(state, JSON.parse(data).result);
    listener.results();
  }
}
