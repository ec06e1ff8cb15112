// @ts-check
/** @import {Attached, Ids, NumberedFrame, Submission, WholeAnswer} from "./types.js" */
import { Refusal } from "./server.js";
import { pause, reach } from "./connection.js";
import { presence } from "./presence.js";
import { frames } from "./stream.js";

const ATTEMPTS = 6;
const GATEWAY = new Set([502, 503, 504]);
/** So long one tab waits for another that asks in the same chat. */
const TURN_MS = 1_000;

/** What is submitted, by the question or the answer it is for; what did not reach the server is submitted as it was. */
export class Submissions {
  /** @type {WeakMap<Element, Submission>} */
  #unsent = new WeakMap();

  /** @param {() => {chatId: string | null, stream: boolean, tools?: string[]}} present */
  constructor(present) {
    this.present = present;
  }

  /** @param {{prompt?: string, retry?: string, continue?: string, parentId?: string}} asked @param {Attached[]} [files] @returns {Submission} */
  make(asked, files = []) {
    const named = files.length > 0 ? { files: files.map(({ _id }) => _id) } : {};
    return { ...this.present(), requestId: newRequestId(), ...asked, ...named };
  }

  /** @param {HTMLElement} answer @param {string} what Retry or Continue @returns {Submission} */
  again(answer, what) {
    const unsent = this.#unsent.get(answer);
    return unsent && ("prompt" in unsent || what in unsent) ? unsent : this.make({ [what]: answer.dataset.id });
  }

  /** @param {HTMLElement} answer @param {Submission} submission */
  keep(answer, submission) {
    this.#unsent.set(answer, submission);
  }
}

/** An id that no other submission has. `randomUUID` is missing where the page did not come over a secure connection. */
function newRequestId() {
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
  return persist(submission, signal, async () => {
    const response = await post(submission, signal, undefined);
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
  return persist(submission, signal, async () => (await post(submission, signal, Infinity)).json());
}

/** @param {Submission} submission @param {AbortSignal} signal @param {number | undefined} silence before the head, in ms */
async function post(submission, signal, silence) {
  const headers = { "Content-Type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(submission) };
  const response = await reach("/chat", init, signal, silence);
  if (response.ok) return response;
  const refusal = await Refusal.of(response);
  // A gateway's words, not the server's: it may be back in a moment, and may have taken the submission.
  if (GATEWAY.has(refusal.status) && !refusal.body.code) throw new Error(refusal.message);
  throw refusal;
}

/**
 * @template T
 * @param {Submission} submission
 * @param {AbortSignal} signal
 * @param {() => Promise<T>} attempt
 */
async function persist({ chatId }, signal, attempt) {
  for (let failed = 0; ; ) {
    await presence.here(signal);
    try {
      return await inTurn(chatId, attempt);
    } catch (error) {
      failed = presence.away ? 0 : failed + 1;
      if (error instanceof Refusal || signal.aborted || failed === ATTEMPTS) throw error;
    }
    await pause(failed, signal);
  }
}

/**
 * Tabs that ask in one chat at the same moment do so one after the other: the second question then stands below the
 * first, and not in its place. Where the browser has no locks (a page that did not come over a secure connection), and
 * where it takes long, they do not wait.
 *
 * @template T
 * @param {string | null} chatId
 * @param {() => Promise<T>} ask
 * @returns {Promise<T>}
 */
async function inTurn(chatId, ask) {
  if (!chatId || !navigator.locks) return ask();
  const turn = { signal: AbortSignal.timeout(TURN_MS) };
  /** @type {() => void} */
  let leave = () => {};
  const over = new Promise((resolve) => (leave = () => resolve(undefined)));
  await new Promise((ready) => {
    navigator.locks.request(`chat ${chatId}`, turn, () => (ready(undefined), over)).catch(ready);
  });
  setTimeout(leave, TURN_MS);
  return ask().finally(leave);
}
