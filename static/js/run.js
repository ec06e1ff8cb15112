// @ts-check
/** @import {Frame, Message, NumberedFrame} from "./types.js" */
import { readMessage, readRun, Refusal } from "./server.js";
import { pause, reach } from "./connection.js";
import { presence } from "./presence.js";
import { frames } from "./stream.js";

/** The events' head comes at once, from a server that is there. */
const HEAD_MS = 10_000;
/** A connection that stood for so long was a good one: what ends it begins the counting anew. */
const GOOD_MS = 5_000;
const UNSEEN_MS = 10_000;

/**
 * Follows one run to its end, over as many connections as it takes. Frames are numbered by the run, so that none comes
 * twice and none is missing.
 */
export class RunFollower {
  #after;

  /**
   * @param {string} address of its events
   * @param {number} after the number of the last frame already taken
   * @param {{frame: (data: Frame, id: number) => void, connected: (yes: boolean) => void}} listener
   */
  constructor(address, after, listener) {
    this.address = address;
    this.#after = after;
    this.listener = listener;
  }

  /**
   * @param {AbortSignal} signal
   * @param {AsyncGenerator<NumberedFrame, void, void>} [open] a stream that already runs
   * @returns {Promise<"ended" | "gone" | "away">} ended: the last frame was given. gone: the server has no frames left to
   *   give, and the message has to be read from its chat. away: nobody looks at this tab. Throws the signal's reason only.
   */
  async follow(signal, open) {
    let stream = open;
    for (let failed = 0; ; ) {
      const [before, since] = [this.#after, Date.now()];
      try {
        stream ??= await this.#connect(signal);
        if (!stream) return "gone";
        if (await this.#take(stream)) return "ended";
      } catch {
        signal.throwIfAborted();
      }
      stream = undefined;
      if (presence.away) return "away";
      failed = this.#after > before || Date.now() - since > GOOD_MS ? 1 : failed + 1;
      this.listener.connected(false);
      await pause(failed, signal);
      signal.throwIfAborted();
    }
  }

  /** @param {AbortSignal} signal */
  async #connect(signal) {
    const response = await reach(`${this.address}?after=${this.#after}`, {}, signal, HEAD_MS);
    if (response.status === 204 || response.status === 404 || response.status === 410) return undefined;
    if (!response.ok || !response.body) throw await Refusal.of(response);
    this.listener.connected(true);
    return frames(response.body, signal);
  }

  /** @param {AsyncGenerator<NumberedFrame, void, void>} stream @returns {Promise<boolean>} whether the run ended */
  async #take(stream) {
    for await (const { id, data } of stream) {
      if (id <= this.#after) continue;
      this.#after = id;
      this.listener.frame(data, id);
      if (data.state) return true;
    }
    return false;
  }
}

/**
 * A tab that nobody looks at has no connection, but tells in its title that an answer is done: it asks now and then.
 *
 * @param {() => Promise<boolean>} ended asks whether the run has ended
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} whether the run ended before somebody was there, or the signal was given
 */
export async function endsUnseen(ended, signal) {
  while (presence.away && !signal.aborted) {
    await Promise.race([presence.here(signal), new Promise((resolve) => setTimeout(resolve, UNSEEN_MS))]);
    if (presence.away && (await ended())) return true;
  }
  return false;
}

/** @typedef {{address: string, ended: () => Promise<boolean>}} Followed  The address of a run's events; what asks whether it has ended. */

/** @param {string} runId @returns {Followed} */
export function recorded(runId) {
  return { address: `/runs/${runId}/events`, ended: () => hasEnded(runId) };
}

/** As far as the server can be asked. @param {string} runId */
async function hasEnded(runId) {
  const state = (await readRun(runId).catch(() => null))?.state;
  return state !== undefined && state !== "running";
}

/**
 * The answer of a run that has ended, from its chat.
 *
 * @param {string} chatId
 * @param {string} messageId
 * @param {AbortSignal} signal
 * @returns {Promise<Message | null>} null where the chat or the message is gone. Throws the signal's reason only.
 */
export async function readEnded(chatId, messageId, signal) {
  for (let failed = 1; ; failed += 1) {
    try {
      const message = await readMessage(chatId, messageId);
      if (message.state !== "running") return message;
    } catch (error) {
      if (error instanceof Refusal && error.status === 404) return null;
    }
    await pause(failed, signal);
    signal.throwIfAborted();
  }
}
