/** Map of the fleet: edges that have a place, fitted to their bounds (equirectangular), and a list of the others. */

import { html, svg } from "./elements.js";

/** @typedef {import("./types.js").Edge} Edge */
/** @typedef {{ x: number, y: number }} Point */
/** @typedef {{ west: number, east: number, south: number, north: number, stretch: number }} Bounds */

const [WIDTH, HEIGHT, MARGIN] = [640, 300, 44];
const LEAST_SPAN_DEG = 0.02;
const STEPS_DEG = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 45, 90];
const MOST_LINES = 6;

/** @param {Edge[]} edges */
export function fleetMap(edges) {
  const placed = edges.filter((edge) => edge.place);
  const others = edges.filter((edge) => !edge.place).map((edge) => edge.name);
  return html("div", { class: "stack" },
    placed.length ? drawing(placed) : html("p", { class: "dim" }, "No edge says where it is: evosplit edge --place \"North gate 51.5,-0.12\"."),
    placed.length && others.length ? html("p", { class: "dim", id: "unplaced" }, `Without a place: ${others.join(", ")}`) : null);
}

/** What is wrong with an edge, "" where nothing is. @param {Edge} edge */
export function troubleOf({ state, distrusted_plans, agreement, promised, audits }) {
  if (state === "away") return "away";
  const isBroken = audits > 0 && promised !== null && agreement !== null && agreement < promised;
  return isBroken || distrusted_plans ? "agrees too little" : "";
}

/** @param {Edge[]} edges */
function drawing(edges) {
  const bounds = boundsOf(edges);
  const at = projection(bounds);
  const spots = new Map();
  for (const edge of edges) {
    const { x, y } = at(edge.place?.longitude_deg ?? 0, edge.place?.latitude_deg ?? 0);
    const key = `${Math.round(x / 8)},${Math.round(y / 8)}`;
    const spot = spots.get(key) ?? { x, y, edges: [] };
    spot.edges.push(edge);
    spots.set(key, spot);
  }
  return svg("svg", { id: "map", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": described(edges) },
    ...graticule(bounds, at), ...[...spots.values()].flatMap(marked));
}

/** @param {{ x: number, y: number, edges: Edge[] }} spot */
function marked({ x, y, edges }) {
  const troubles = edges.map(troubleOf);
  const state = troubles.includes("away") ? "away" : troubles.some(Boolean) ? "wrong" : "well";
  const isLate = x > WIDTH * 0.7;
  const names = edges.slice(0, 2).map((edge, index) => (troubles[index] ? `${edge.name} (${troubles[index]})` : edge.name));
  const more = edges.length > 2 ? [`${edges.length - 2} more`] : [];
  return [
    svg("circle", { class: `spot ${state}`, cx: x.toFixed(1), cy: y.toFixed(1), r: 6 }, svg("title", {}, edges.map(told).join("\n"))),
    svg("text", { class: "strong", x: (x + (isLate ? -10 : 10)).toFixed(1), y: (y + 4).toFixed(1), "text-anchor": isLate ? "end" : "start" }, [...names, ...more].join(", ")),
  ];
}

/** @param {Edge} edge */
function told(edge) {
  const place = edge.place?.name ? `${edge.name} at ${edge.place.name}` : edge.name;
  return `${place}: ${edge.model}, ${troubleOf(edge) || "well"}`;
}

/** @param {Edge[]} edges */
function described(edges) {
  return `Map of ${edges.length} edges: ${edges.slice(0, 20).map(told).join("; ")}`;
}

/**
 * The part of Earth that holds them: its west side is behind the widest gap between longitudes.
 * @param {Edge[]} edges @returns {Bounds}
 */
function boundsOf(edges) {
  const east = edges.map((edge) => edge.place?.longitude_deg ?? 0).sort((a, b) => a - b);
  const north = edges.map((edge) => edge.place?.latitude_deg ?? 0);
  const gaps = east.map((value, index) => (east[index + 1] ?? (east[0] ?? 0) + 360) - value);
  const widest = gaps.indexOf(Math.max(...gaps));
  const west = east[(widest + 1) % east.length] ?? 0;
  const middle = { x: west + (360 - Math.max(...gaps)) / 2, y: (Math.min(...north) + Math.max(...north)) / 2 };
  const stretch = Math.max(Math.cos((middle.y * Math.PI) / 180), 0.05);
  const span = Math.max(Math.max(...north) - Math.min(...north), ((360 - Math.max(...gaps)) * stretch * (HEIGHT - 2 * MARGIN)) / (WIDTH - 2 * MARGIN), LEAST_SPAN_DEG);
  const half = { x: (span / stretch) * ((WIDTH - 2 * MARGIN) / (HEIGHT - 2 * MARGIN)) / 2, y: span / 2 };
  return { west: middle.x - half.x, east: middle.x + half.x, south: middle.y - half.y, north: middle.y + half.y, stretch };
}

/** @param {Bounds} bounds @returns {(longitude_deg: number, latitude_deg: number) => Point} */
function projection({ west, east, south, north }) {
  return (longitude_deg, latitude_deg) => {
    const turned = longitude_deg + 360 * Math.ceil((west - 1e-9 - longitude_deg) / 360);
    return {
      x: MARGIN + ((turned - west) / (east - west)) * (WIDTH - 2 * MARGIN),
      y: HEIGHT - MARGIN - ((latitude_deg - south) / (north - south)) * (HEIGHT - 2 * MARGIN),
    };
  };
}

/** Lines of latitude and longitude, at most a handful of each. @param {Bounds} bounds @param {(longitude_deg: number, latitude_deg: number) => Point} at */
function graticule({ west, east, south, north }, at) {
  const columns = ticks(west, east);
  const rows = ticks(Math.max(south, -90), Math.min(north, 90));
  return [
    svg("path", { class: "axis", d: `${columns.map((tick) => `M${at(tick, south).x.toFixed(1)} 0V${HEIGHT}`).join("")}${rows.map((tick) => `M0 ${at(west, tick).y.toFixed(1)}H${WIDTH}`).join("")}` }),
    ...columns.map((tick) => svg("text", { x: at(tick, south).x + 3, y: HEIGHT - 4 }, degrees(((tick + 540) % 360) - 180, "E", "W"))),
    ...rows.map((tick) => svg("text", { x: 3, y: at(west, tick).y - 3 }, degrees(tick, "N", "S"))),
  ];
}

/** @param {number} low @param {number} high */
function ticks(low, high) {
  const step = STEPS_DEG.find((each) => (high - low) / each <= MOST_LINES) ?? 90;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.max(Math.floor(high / step) - first + 1, 0) }, (_, index) => (first + index) * step);
}

/** @param {number} value @param {string} positive @param {string} negative */
function degrees(value, positive, negative) {
  return `${Number(Math.abs(value).toFixed(3))}°${value > 0 ? positive : value < 0 ? negative : ""}`;
}
