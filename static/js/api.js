// @ts-check
/** @import {LlmFrame} from "./types.js" */
import { request, stopRun } from "./server.js";
import { events } from "./sse.js";

/** An answer that ended with an error, or without an end. `code` is one of docs/api.md's, or `broken`. */
export class BrokenAnswer extends Error {
  /** @param {string} message @param {string} code */
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

/**
 * The frames of a streamed answer (docs/api.md, the LLM API), the last of which is `done`.
 *
 * @param {"chat" | "chat/session"} route
 * @param {object} data the request's body
 * @param {AbortSignal} [signal] stops the model. Whoever only leaves lets a session's answer be recorded to its end.
 * @returns {AsyncGenerator<LlmFrame, void, void>} throws a Refusal, a BrokenAnswer, what the network threw, or the signal's reason
 */
export async function* llmFrames(route, data, signal = new AbortController().signal) {
  signal.throwIfAborted();
  const leaving = new AbortController();
  const question = { method: "POST", body: JSON.stringify(data), signal: leaving.signal };
  const head = request(`/api/llm/${route}/stream`, question);
  const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve, { signal: leaving.signal }));
  const stopped = route === "chat/session" ? aborted.then(() => stop(head)) : aborted;
  void stopped.then(() => leaving.abort(signal.reason));
  const response = await Promise.race([head, aborted.then(() => Promise.reject(signal.reason))]);
  try {
    for await (const event of events(/** @type {ReadableStream} */ (response.body))) {
      signal.throwIfAborted();
      const frame = understood(event.data);
      yield frame;
      if (frame.done) return;
    }
  } finally {
    leaving.abort();
  }
  throw new BrokenAnswer("The answer ended before it was whole.", "broken");
}

/** A session's answer does not end with its reader, but by its id, which comes with the head. @param {Promise<Response>} head */
async function stop(head) {
  const runId = await head.then(({ headers }) => headers.get("X-Run-Id")).catch(() => null);
  if (runId) stopRun(runId).catch(() => {});
}

/** @param {string} data @returns {LlmFrame} */
function understood(data) {
  const frame = JSON.parse(data);
  if (frame.error) throw new BrokenAnswer(frame.error, frame.code ?? "failed");
  return frame;
}

/**
 * @callback OnChunk
 * @param {string} text what was added to the answer; empty where the frame holds something else
 * @param {LlmFrame} frame
 *
 * @callback OnComplete
 * @param {string} text the whole answer
 * @param {LlmFrame} frame the last one: usage, finish reason, the session's id
 *
 * @typedef {(data: object, onChunk?: OnChunk, onComplete?: OnComplete, onError?: (error: Error) => void) => {abort: () => void}} Ask
 */

/**
 * @param {"chat" | "chat/session"} route
 * @param {object} data
 * @param {OnChunk} [onChunk]
 * @param {OnComplete} [onComplete] once
 * @param {(error: Error) => void} [onError] once, instead
 * @returns {{abort: () => void}} stops the model; nothing is called after it
 */
function listen(route, data, onChunk, onComplete, onError) {
  const aborter = new AbortController();
  const read = async () => {
    let whole = "";
    for await (const frame of llmFrames(route, data, aborter.signal)) {
      if (frame.done) return () => onComplete?.(whole, frame);
      whole += frame.content ?? "";
      onChunk?.(frame.content ?? "", frame);
    }
  };
  const tell = (/** @type {(() => void) | undefined} */ outcome) => void (aborter.signal.aborted || outcome?.());
  read().then(tell, (error) => tell(() => onError?.(error)));
  return aborter;
}

export const llmAPI = {
  /** A conversation, of which nothing is kept. @type {Ask} */
  chatStream: (...asked) => listen("chat", ...asked),

  /** A message in a session, which is kept. @type {Ask} */
  chatSessionStream: (...asked) => listen("chat/session", ...asked),
};
