/** Predicted latency of plans over bandwidth: what `Plan.latency_at` computes. */

/** @typedef {import("./types.js").Plan} Plan */
/** @typedef {import("./types.js").Link} Link */

/** Seconds of one frame over a link. @param {Plan} plan @param {Link} link */
export function latencyAt(plan, link) {
  const { edge_s, cloud_s } = plan.latency;
  return edge_s + cloud_s + (plan.wire_bytes ? uplinkSeconds(plan, link) : 0);
}

/** @param {Plan} plan @param {Link} link */
function uplinkSeconds(plan, link) {
  const bits = 8 * (plan.wire_share ?? 1) * plan.wire_bytes;
  return (plan.reach ?? 1) * (link.rtt_s + bits / link.bandwidth_bps);
}

/** The plans from the fastest on. @param {readonly Plan[]} plans @param {Link} link */
export function ranked(plans, link) {
  const priced = plans.map((plan) => ({ plan, latency_s: latencyAt(plan, link) }));
  return priced.sort((one, other) => one.latency_s - other.latency_s);
}

/** Bandwidths of a logarithmic axis. @param {number} from_bps @param {number} to_bps @param {number} points */
export function bandwidths(from_bps, to_bps, points) {
  const ratio = Math.log(to_bps / from_bps) / (points - 1);
  return Array.from({ length: points }, (_, index) => from_bps * Math.exp(ratio * index));
}
