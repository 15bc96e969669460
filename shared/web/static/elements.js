/** Elements of HTML and SVG from data; text is always text, never markup. */

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: Event) => void)>} Attributes */

/**
 * An element of HTML; attributes that are functions listen to the event of their name.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name @param {Attributes} [attributes] @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function html(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  filled(made, attributes, children);
  return made;
}

/**
 * An element of SVG.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} name @param {Attributes} [attributes] @param {...Child} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  filled(made, attributes, children);
  return made;
}

/** @param {Element} made @param {Attributes} attributes @param {Child[]} children */
function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, String(value));
  }
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) made.append(typeof child === "number" ? String(child) : child);
  }
}

/**
 * A heading of a section with what stands below it.
 * @param {string} title @param {...Child} children
 */
export function section(title, ...children) {
  return html("section", { class: "card" }, html("h2", {}, title), ...children);
}

/**
 * A table that scrolls sideways where it is too wide, and can be reached by keyboard then.
 * @param {string} label @param {string[]} heads @param {Child[][]} rows @param {string} [none]
 */
export function table(label, heads, rows, none = "none") {
  const head = html("tr", {}, ...heads.map((text) => html("th", { scope: "col" }, text)));
  const body = rows.map((cells) => html("tr", {}, ...cells.map((cell) => html("td", {}, cell))));
  if (!rows.length) body.push(html("tr", {}, html("td", { colspan: heads.length, class: "dim" }, none)));
  return html("div", { class: "scroll", role: "region", "aria-label": label, tabindex: 0 },
    html("table", {}, html("thead", {}, head), html("tbody", {}, ...body)));
}

/**
 * Set a text where it has changed: nothing is drawn again for the same one.
 * @param {Element} element @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
