/** What the page knows of an agent: its pages as read last, the results of the last minutes, the link over time. */

/** @typedef {import("./types.js").Result} Result */
/** @typedef {import("./types.js").Plan} Plan */
/** @typedef {{ at_s: number, bandwidth_bps: number, cloud: string, cut_key: string }} LinkPoint */

const MOST_RESULTS = 3000;
const MOST_POINTS = 300;

/**
 * @typedef {object} AgentState
 * @property {import("./types.js").Profile | null} profile
 * @property {import("./types.js").PlanPage | null} planPage
 * @property {import("./types.js").Network | null} network
 * @property {Result[]} results the oldest first
 * @property {LinkPoint[]} link the oldest first
 */

/** @returns {AgentState} */
export const emptyState = () => ({ profile: null, planPage: null, network: null, results: [], link: [] });

/** Add a result; the oldest make place. @param {AgentState} state @param {Result} result */
export function addResult(state, result) {
  state.results.push(result);
  if (state.results.length > MOST_RESULTS) state.results.splice(0, MOST_RESULTS / 10);
}

/** Take a profile, and the link as it is now. @param {AgentState} state @param {import("./types.js").Profile} profile */
export function addProfile(state, profile) {
  state.profile = profile;
  const { bandwidth_bps } = profile.link;
  state.link.push({ at_s: Date.now() / 1000, bandwidth_bps, cloud: profile.cloud, cut_key: profile.plan.cut_key });
  if (state.link.length > MOST_POINTS) state.link.shift();
}

/**
 * The plans of the table with their digests, the one without a link first.
 * @param {AgentState} state
 * @returns {{ plan: Plan, digest: string, cut_key: string, edge_layers: number[] }[]}
 */
export function knownPlans(state) {
  const { planPage, network } = state;
  if (!planPage || !network) return [];
  const { plans, fallback } = planPage.table;
  const all = fallback ? [fallback, ...plans] : plans;
  const known = new Map();
  all.forEach((plan, index) => {
    const names = network.plans[index];
    if (names && !known.has(names.digest)) known.set(names.digest, { plan, ...names });
  });
  return [...known.values()];
}

/** What a result says in a few words. @param {Result} result */
export function readingOf(result) {
  if (result.error) return result.error;
  const { boxes, top, text, areas } = result.outcome ?? {};
  if (boxes) return boxes.length ? boxes.map((box) => named(box)).join(", ") : "nothing found";
  if (top?.[0]) return named(top[0]);
  if (areas) return areas.map((area) => named(covered(area))).join(", ");
  return text || (text === "" ? "no text" : "–");
}

/** @param {{ label?: string, class?: number, score: number }} thing */
export function named(thing) {
  return `${thing.label ?? `class ${thing.class}`} ${(thing.score * 100).toFixed(0)} %`;
}

/** An area of a segmentation as a thing whose score is its share. @param {{ label?: string, class?: number, share: number }} area */
export function covered(area) {
  return { label: area.label, class: area.class, score: area.share };
}
