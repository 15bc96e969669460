/** Logarithmic scale of an axis, and where its ticks are. */

/**
 * @typedef {object} Scale
 * @property {(value: number) => number} place
 * @property {(place: number) => number} value
 * @property {number[]} ticks
 */

/**
 * A scale from values to places, with a tick at each power of ten.
 * @param {number} least @param {number} most @param {number} from @param {number} to
 * @returns {Scale}
 */
export function logScale(least, most, from, to) {
  const low = Math.log10(least);
  const width = Math.max(Math.log10(most) - low, 1e-9);
  const first = Math.ceil(low - 1e-9);
  const last = Math.floor(Math.log10(most) + 1e-9);
  return {
    place: (value) => from + ((Math.log10(Math.max(value, 1e-12)) - low) / width) * (to - from),
    value: (place) => 10 ** (low + ((place - from) / (to - from)) * width),
    ticks: Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => 10 ** (first + index)),
  };
}

/** The path through points. @param {[number, number][]} points */
export function pathOf(points) {
  return points.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

/** A rectangle as part of a path: many of one colour are one element. @param {number} x @param {number} y @param {number} width @param {number} height */
export function rectPath(x, y, width, height) {
  return `M${x.toFixed(1)} ${y.toFixed(1)}h${width.toFixed(1)}v${height.toFixed(1)}h${(-width).toFixed(1)}z`;
}
