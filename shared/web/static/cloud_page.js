/** Page of the cloud: its fleet and its models, read every few seconds. */

import { ApiError } from "./api.js";
import { fleetView } from "./fleet_view.js";
import { modelsView } from "./models_view.js";
import { resultsView } from "./results_view.js";
import { shell, showFacts } from "./shell.js";

const POLL_MS = 3000;

/** @param {AbortController} session @param {(trouble?: string) => void} logOut */
export function cloudPage(session, logOut) {
  const frame = shell([
    { name: "fleet", title: "Fleet", make: fleetView },
    { name: "results", title: "Results", make: () => resultsView() },
    { name: "models", title: "Models", make: modelsView },
  ], () => logOut());
  showFacts(frame.facts, [["", "cloud"]]);

  async function poll() {
    while (!session.signal.aborted) {
      const shown = frame.view();
      try {
        if (!document.hidden) await shown?.polled();
        frame.warn("");
      } catch (problem) {
        if (problem instanceof ApiError && problem.status === 401) return logOut(problem.message);
        frame.warn(problem instanceof ApiError ? problem.message : String(problem));
      }
      await pause(() => frame.view() !== shown || session.signal.aborted);
    }
  }
  void poll();
  return frame;
}

/** Until the next poll, or until another view is shown. @param {() => boolean} isOver */
async function pause(isOver) {
  for (let waited_ms = 0; waited_ms < POLL_MS && !isOver(); waited_ms += 100) await new Promise((done) => setTimeout(done, 100));
}
