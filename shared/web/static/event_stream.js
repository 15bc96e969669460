/** Server-sent events over fetch: EventSource cannot send a token. Resumed by Last-Event-ID. */

import { ApiError, request } from "./api.js";

const PAUSES_MS = [500, 1000, 2000, 5000];

/**
 * Events of a path until the signal ends it; a stream that breaks off is opened again.
 * @param {string} path @param {AbortSignal} signal
 * @param {(isOpen: boolean, problem: ApiError | null) => void} onState
 * @returns {AsyncGenerator<string>}
 */
export async function* events(path, signal, onState) {
  let lastId = "";
  let failures = 0;
  while (!signal.aborted) {
    try {
      const answer = await request(path, { signal, headers: lastId ? { "Last-Event-ID": lastId } : {} });
      onState(true, null);
      failures = 0;
      for await (const event of parsed(answer)) {
        lastId = event.id || lastId;
        yield event.data;
      }
    } catch (problem) {
      if (signal.aborted) return;
      if (problem instanceof ApiError && [401, 403].includes(problem.status)) return onState(false, problem);
    }
    onState(false, null);
    const pause_ms = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)];
    failures += 1;
    await new Promise((done) => setTimeout(done, pause_ms));
  }
}

/** @param {Response} answer */
async function* parsed(answer) {
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = parseEvent(block);
      if (event.data) yield event;
    }
  }
}

/** One event's fields; comments are left out. @param {string} block */
export function parseEvent(block) {
  const event = { id: "", data: "" };
  for (const line of block.split("\n")) {
    if (line.startsWith("id: ")) event.id = line.slice(4);
    if (line.startsWith("data: ")) event.data += (event.data ? "\n" : "") + line.slice(6);
  }
  return event;
}
