/** Requests to the API with the tab's token; failures as errors of one line. */

import { token } from "./token.js";

/** A refusal or a failure; `status` is 0 where nothing answered. */
export class ApiError extends Error {
  /** @param {number} status @param {string} message @param {number} [wait_s] */
  constructor(status, message, wait_s = 0) {
    super(message);
    this.status = status;
    this.wait_s = wait_s;
  }
}

/**
 * The answer to a request, or an ApiError.
 * @param {string} path @param {RequestInit} [options]
 */
export async function request(path, options = {}) {
  const headers = { ...options.headers, Authorization: `Bearer ${token() ?? ""}` };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers, cache: "no-store" });
  } catch (problem) {
    if (problem instanceof DOMException && problem.name === "AbortError") throw problem;
    throw new ApiError(0, "no answer: is it still running?");
  }
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

/** @param {string} path @returns {Promise<any>} */
export async function getJson(path) {
  return (await request(path)).json();
}

/** @param {string} path @param {unknown} value @returns {Promise<any>} */
export async function putJson(path, value) {
  const headers = { "Content-Type": "application/json" };
  return (await request(path, { method: "PUT", body: JSON.stringify(value), headers })).json();
}

/** @param {Response} answer */
async function refusal(answer) {
  let line = answer.statusText;
  try {
    line = (await answer.json()).error ?? line;
  } catch {
    // A proxy's page: its status says enough.
  }
  const wait_s = Number(answer.headers.get("Retry-After") ?? 0);
  return new ApiError(answer.status, told(answer.status, line, wait_s), wait_s);
}

/** @param {number} status @param {string} line @param {number} wait_s */
function told(status, line, wait_s) {
  if (status === 401) return "This token is not known here.";
  if (status === 403) return `Not allowed: ${line}.`;
  if (status === 429) return `Too many requests: try again in ${Math.max(1, wait_s)} s.`;
  return line;
}
