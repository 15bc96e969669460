/** The network as a strip of layers: edge and cloud, the cut between with its bits, hooks where they tap. */

import { html, setText, svg } from "./elements.js";
import { bytes, count } from "./numbers.js";

/** @typedef {import("./types.js").Network} Network */
/** @typedef {import("./types.js").Plan} Plan */
/** @typedef {import("./types.js").Hook} Hook */

const [WIDTH, HEIGHT, TOP] = [1000, 150, 34];

/**
 * Drawn anew when the plan changes.
 * @param {Network} network @param {{ plan: Plan, edge_layers: number[] }} used @param {Hook[]} hooks
 */
export function layerStrip(network, used, hooks) {
  const told = html("p", { class: "dim", "aria-live": "polite" }, summary(network, used));
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": summary(network, used) },
    ...layers(network, used, (text) => setText(told, text)), ...cut(network, used), ...hooks.flatMap((hook) => hookMark(network, hook)));
  return html("div", {}, drawing, told, legend(hooks));
}

/** @param {Network} network @param {{ plan: Plan, edge_layers: number[] }} used */
function summary({ layers: all }, { plan, edge_layers }) {
  const bits = Object.entries(plan.wire).map(([name, code]) => `${name} at ${code.bits} bits`).join(", ");
  if (edge_layers.length === all.length) return `All ${all.length} layers run on the edge; nothing is sent.`;
  const where = edge_layers.length ? `${edge_layers.length} of ${all.length} layers run on the edge` : "All layers run in the cloud";
  return `${where}; ${bits} cross (${bytes(plan.wire_bytes)} a frame).`;
}

/** @param {Network} network @param {{ plan: Plan, edge_layers: number[] }} used @param {(text: string) => void} tell */
function layers({ layers: all }, { plan, edge_layers }, tell) {
  const onEdge = new Set(edge_layers);
  const width = WIDTH / Math.max(all.length, 1);
  const most = Math.log10(Math.max(...all.map((layer) => layer.macs), 10));
  return all.map((layer, index) => {
    const height = 14 + (HEIGHT - TOP - 34) * (Math.log10(Math.max(layer.macs, 1)) / most);
    const bits = onEdge.has(index) ? plan.weight_bits[layer.name] : undefined;
    const text = `${layer.name} (${layer.op}): ${count(layer.macs)} multiply-accumulates, output ${bytes(layer.output_bytes)}${bits ? `, weights ${bits} bits` : ""}, ${onEdge.has(index) ? "edge" : "cloud"}`;
    const shape = svg("rect", {
      x: index * width + width * 0.08, y: HEIGHT - 18 - height, width: Math.max(width * 0.84, 1), height, rx: Math.min(2, width / 4),
      class: onEdge.has(index) ? "fill-edge" : "fill-cloud", pointerenter: () => tell(text),
    }, svg("title", {}, text));
    return svg("g", {}, shape, bits && width > 16 ? svg("text", { x: (index + 0.5) * width, y: HEIGHT - 4, "text-anchor": "middle" }, bits) : null);
  });
}

/** @param {Network} network @param {{ plan: Plan, edge_layers: number[] }} used */
function cut({ layers: all }, { plan, edge_layers }) {
  if (edge_layers.length === all.length) return [];
  const x = (WIDTH / all.length) * ((edge_layers.at(-1) ?? -1) + 1);
  const bits = Object.values(plan.wire).map((code) => `${code.bits} bits${code.codec && code.codec !== "none" ? ` ${code.codec}` : ""}`).join(" + ");
  const anchor = x > WIDTH * 0.7 ? "end" : "start";
  return [
    svg("line", { class: "cut", x1: x, x2: x, y1: 4, y2: HEIGHT - 14 }),
    svg("text", { class: "strong", x: x + (anchor === "end" ? -6 : 6), y: 14, "text-anchor": anchor }, `cut ${plan.cut_key}: ${bits}, ${bytes(plan.wire_bytes)}`),
  ];
}

/** @param {Network} network @param {Hook} hook */
function hookMark({ inputs, layers: all }, hook) {
  const index = all.findIndex((layer) => layer.outputs.includes(hook.tap));
  if (index < 0 && !inputs.includes(hook.tap)) return [];
  const x = (WIDTH / all.length) * (index + 1);
  return [svg("circle", { class: "hook", cx: Math.min(Math.max(x, 5), WIDTH - 5), cy: TOP - 8, r: 5 }, svg("title", {}, `${hook.hook}: ${hook.kind} at ${hook.tap}, ${hook.state}`))];
}

/** @param {Hook[]} hooks */
function legend(hooks) {
  const item = (/** @type {string} */ key, /** @type {string} */ text) => html("li", {}, html("span", { class: `key ${key}` }), text);
  return html("ul", { class: "legend" }, item("k-edge", "edge"), item("k-cloud", "cloud"),
    html("li", {}, "height: multiply-accumulates (log); number below: weight bits"), hooks.length ? html("li", {}, "dots: hooks") : null);
}
