/** Log-in form: the token is tried at the API before it is kept. */

import { ApiError, getJson } from "./api.js";
import { html, setText } from "./elements.js";
import { forgetToken, keepToken } from "./token.js";

/**
 * The form; `done` is called with what the server says it is.
 * @param {(server: { name: string }) => void} done @param {string} [trouble]
 */
export function login(done, trouble = "") {
  const input = html("input", { id: "token", type: "password", autocomplete: "current-password", required: true, spellcheck: "false" });
  const line = html("p", { class: "trouble", role: "alert" }, trouble);
  const button = html("button", { class: "main", type: "submit" }, "Log in");

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    keepToken(input.value.trim());
    try {
      done(await getJson("/v2"));
    } catch (problem) {
      forgetToken();
      setText(line, problem instanceof ApiError ? problem.message : String(problem));
      button.disabled = false;
      input.select();
    }
  }

  const form = html("form", { class: "card", submit },
    html("h1", {}, "EvoSplit"),
    html("label", { for: "token" }, "Token", input),
    button, line,
    html("p", { class: "dim" }, "The token stays in this tab. ", html("code", {}, "evosplit tokens add"), " makes one with the scope read; setting plans needs admin."));
  return html("main", { class: "login" }, form);
}
