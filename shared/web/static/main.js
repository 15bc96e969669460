/** Start of the page: log in where there is no token that works, then show the agent's or the cloud's page. */

import { agentPage } from "./agent_page.js";
import { ApiError, getJson } from "./api.js";
import { cloudPage } from "./cloud_page.js";
import { login } from "./login.js";
import { forgetToken, token } from "./token.js";

const page = /** @type {HTMLElement} */ (document.getElementById("page"));

/** @param {string} [trouble] */
function ask(trouble = "") {
  page.replaceChildren(login(open, trouble));
  document.getElementById("token")?.focus();
}

/** @param {{ name: string }} server */
function open(server) {
  const session = new AbortController();
  const made = server.name === "evosplit-edge" ? agentPage(session, logOut) : cloudPage(session, logOut);
  page.replaceChildren(...made.elements);
  made.show();

  /** @param {string} [trouble] */
  function logOut(trouble) {
    session.abort();
    made.close();
    forgetToken();
    ask(trouble);
  }
}

try {
  if (token()) open(await getJson("/v2"));
  else ask();
} catch (problem) {
  ask(problem instanceof ApiError ? problem.message : String(problem));
}
