/** Models view of the cloud: each model's version, card and what is wrong with others. */

import { getJson } from "./api.js";
import { html, section, table } from "./elements.js";
import { digits } from "./numbers.js";

/** @typedef {{ name: string, version: string, sha256: string, card: { name: string, output: { kind: string } } | null, problem?: string }} Model */

export function modelsView() {
  const list = html("div", { id: "models" });

  async function polled() {
    /** @type {import("./types.js").Models} */
    const { models, broken } = await getJson("/v1/models");
    const known = await Promise.all(models.map((name) => getJson(`/v1/models/${encodeURIComponent(name)}`)));
    list.replaceChildren(modelTable(known, broken));
  }
  return { element: section("Models", list), polled, results: () => undefined };
}

/** @param {Model[]} models @param {Record<string, string>} broken */
function modelTable(models, broken) {
  const rows = models.map(({ name, version, sha256, card, problem }) => [name, version, html("code", {}, digits(sha256)), card ? card.output.kind : "no card", problem ?? ""]);
  const bad = Object.entries(broken).map(([name, problem]) => [name, "–", "–", "–", html("span", { class: "bad" }, problem)]);
  return table("Models", ["model", "version", "sha256", "reads", "trouble"], [...rows, ...bad], "No models.");
}
