/** Sources and sinks view: where frames come from and where results go. */

import { getJson } from "./api.js";
import { html, section, table } from "./elements.js";
import { count } from "./numbers.js";

export function flowsView() {
  const sources = html("div", {});
  const sinks = html("div", {});

  async function polled() {
    const [from, to] = await Promise.all([getJson("/v1/sources"), getJson("/v1/sinks")]);
    sources.replaceChildren(sourceTable(from.sources));
    sinks.replaceChildren(sinkTable(to.sinks));
  }
  void polled();
  return { element: html("div", { class: "stack" }, section("Sources", sources), section("Sinks", sinks)), polled, results: () => undefined };
}

/** @param {import("./types.js").Source[]} sources */
function sourceTable(sources) {
  const rows = sources.map((source) => [
    source.name, html("code", {}, source.address), html("b", { class: source.trouble ? "bad" : "good" }, source.state),
    count(source.taken), count(source.left_out), count(source.failed), count(source.openings), source.trouble ?? "",
  ]);
  return table("Sources", ["source", "address", "state", "taken", "left out", "failed", "openings", "trouble"], rows, "No sources: frames come by HTTP.");
}

/** @param {import("./types.js").Sink[]} sinks */
function sinkTable(sinks) {
  const rows = sinks.map((sink) => [
    html("code", {}, sink.name), html("b", { class: sink.is_connected ? "good" : "bad" }, sink.is_connected ? "connected" : "away"),
    count(sink.sent), count(sink.refused), count(sink.dropped),
  ]);
  return table("Sinks", ["sink", "state", "sent", "refused", "dropped"], rows, "No sinks: results are kept here.");
}
