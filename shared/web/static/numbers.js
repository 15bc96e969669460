/** Numbers as text, with units. */

/** @param {number | null | undefined} value */
const isMissing = (value) => value === null || value === undefined || !Number.isFinite(value);

/** @param {number} value */
const short = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

/** @param {number | null | undefined} value */
export function seconds(value) {
  if (isMissing(value)) return "–";
  const known = Number(value);
  if (known >= 1) return `${short(known)} s`;
  return known >= 1e-3 || known === 0 ? `${short(known * 1e3)} ms` : `${short(known * 1e6)} µs`;
}

/** @param {number | null | undefined} value */
export function bitsPerSecond(value) {
  if (isMissing(value)) return "–";
  return `${scaled(Number(value), 1000)}bit/s`;
}

/** @param {number | null | undefined} value */
export function bytes(value) {
  return isMissing(value) ? "–" : `${scaled(Number(value), 1000)}B`;
}

/** @param {number | null | undefined} value */
export function count(value) {
  return isMissing(value) ? "–" : Number(value).toLocaleString("en-GB");
}

/** @param {number | null | undefined} value */
export function share(value) {
  return isMissing(value) ? "–" : `${(Number(value) * 100).toFixed(1)} %`;
}

/** The time of day, with the date where it is not today's. @param {number} unixSeconds */
export function clock(unixSeconds) {
  const moment = new Date(unixSeconds * 1000);
  const isToday = moment.toDateString() === new Date().toDateString();
  return isToday ? moment.toLocaleTimeString("en-GB") : moment.toLocaleString("en-GB");
}

/** How long ago. @param {number} age_s */
export function age(age_s) {
  if (age_s < 90) return `${Math.max(0, Math.round(age_s))} s ago`;
  return age_s < 5400 ? `${Math.round(age_s / 60)} min ago` : `${Math.round(age_s / 3600)} h ago`;
}

/** @param {number} value @param {number} step */
function scaled(value, step) {
  const prefixes = ["", "k", "M", "G", "T"];
  let place = 0;
  let rest = value;
  while (rest >= step && place < prefixes.length - 1) {
    rest /= step;
    place += 1;
  }
  return place === 0 ? `${Math.round(rest)} ` : `${short(rest)} ${prefixes[place]}`;
}

/** The first digits of a digest, as they are typed. @param {string | null | undefined} digest */
export function digits(digest) {
  return digest ? digest.slice(0, 8) : "–";
}
