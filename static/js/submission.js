// @ts-check
/** @import {Ids, NumberedFrame, Submission, WholeAnswer} from "./types.js" */
import { Refusal } from "./api.js";
import { frames } from "./stream.js";
import { pause } from "./run.js";

const ATTEMPTS = 4;

/** An id that no other submission has. `randomUUID` is missing where the page did not come over a secure connection. */
export function newRequestId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Submit, and read until the run is known. What breaks before that is sent again under the same `requestId`, which the
 * server takes for one submission.
 *
 * @param {Submission} submission
 * @param {AbortSignal} signal
 * @returns {Promise<{ids: Ids, after: number, rest: AsyncGenerator<NumberedFrame, void, void>}>}
 *   throws a Refusal, or what the network threw last
 */
export function openStream(submission, signal) {
  return persist(signal, async () => {
    const response = await post(submission, signal);
    if (!response.body) throw new Error("The answer has no body.");
    const rest = frames(response.body, signal);
    const first = await rest.next();
    if (first.done) throw new Error("The stream ended before its first frame.");
    return { ids: /** @type {Ids} */ (first.value.data), after: first.value.id, rest };
  });
}

/**
 * @param {Submission} submission with `stream: false`
 * @param {AbortSignal} signal
 * @returns {Promise<WholeAnswer>} throws like openStream
 */
export function fetchWhole(submission, signal) {
  return persist(signal, async () => (await post(submission, signal)).json());
}

/** @param {Submission} submission @param {AbortSignal} signal */
async function post(submission, signal) {
  const headers = { "Content-Type": "application/json" };
  const response = await fetch("/chat", { method: "POST", headers, body: JSON.stringify(submission), signal });
  if (!response.ok) throw await Refusal.of(response);
  return response;
}

/**
 * @template T
 * @param {AbortSignal} signal
 * @param {() => Promise<T>} attempt
 */
async function persist(signal, attempt) {
  for (let failed = 0; ; ) {
    try {
      return await attempt();
    } catch (error) {
      failed += 1;
      if (error instanceof Refusal || signal.aborted || failed === ATTEMPTS) throw error;
    }
    await pause(failed, signal);
  }
}
