/** Frame around the views: name, facts, banner, navigation by the address's hash. */

import { html, setText } from "./elements.js";

/** @typedef {{ element: HTMLElement, polled: () => void | Promise<void>, results: () => void }} View */
/** @typedef {{ name: string, title: string, make: () => View }} ViewChoice */

/**
 * The shell; a view is made when it is shown, and forgotten when another one is.
 * @param {ViewChoice[]} choices @param {() => void} logOut
 */
export function shell(choices, logOut) {
  const facts = html("div", { class: "facts" });
  const banner = html("div", { class: "banner", role: "status", "aria-live": "polite", id: "banner" });
  const links = choices.map(({ name, title }) => html("a", { href: `#${name}` }, title));
  const main = html("main", { id: "main", tabindex: -1 });
  const header = html("header", {},
    html("div", { class: "bar" }, html("div", { class: "brand" }, html("img", { src: "/ui/icon.svg", alt: "" }), html("h1", {}, "EvoSplit")), facts,
      html("button", { type: "button", class: "small", id: "log-out", click: logOut }, "Log out")),
    html("nav", { "aria-label": "Views" }, ...links));
  let view = /** @type {View | null} */ (null);

  function show() {
    const wanted = choices.find(({ name }) => `#${name}` === location.hash) ?? choices[0];
    if (!wanted) return;
    links.forEach((link, index) => (choices[index] === wanted ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current")));
    document.title = `${wanted.title} – EvoSplit`;
    view = wanted.make();
    main.replaceChildren(view.element);
  }
  addEventListener("hashchange", show);
  return {
    elements: [header, banner, main],
    facts,
    show,
    view: () => view,
    warn: (/** @type {string} */ text) => (text ? banner.replaceChildren(html("p", {}, text)) : banner.replaceChildren()),
    close: () => removeEventListener("hashchange", show),
  };
}

/** Facts of the header, written where they have changed. @param {HTMLElement} place @param {[string, string][]} pairs */
export function showFacts(place, pairs) {
  pairs.forEach(([name, value], index) => {
    const item = place.children[index] ?? place.appendChild(html("span", {}, `${name} `, html("b", {})));
    setText(/** @type {Element} */ (item.lastElementChild), value);
  });
}
