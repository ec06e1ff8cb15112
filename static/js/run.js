// @ts-check
/** @import {Frame, NumberedFrame} from "./types.js" */
import { frames } from "./stream.js";

const LONGEST_PAUSE_MS = 10_000;

/**
 * Wait before the next attempt: twice as long each time, with jitter so that a restarted server is not met by everyone
 * at once. Coming back online, or to this tab, ends the wait.
 *
 * @param {number} failed attempts so far, from 1
 * @param {AbortSignal} signal ends the wait too
 * @returns {Promise<void>}
 */
export function pause(failed, signal) {
  const longest = Math.min(LONGEST_PAUSE_MS, 250 * 2 ** failed);
  return new Promise((resolve) => {
    const done = new AbortController();
    const end = () => (done.abort(), resolve());
    const timer = setTimeout(end, longest * (0.5 + Math.random() / 2));
    done.signal.addEventListener("abort", () => clearTimeout(timer));
    window.addEventListener("online", end, { signal: done.signal });
    document.addEventListener("visibilitychange", () => document.hidden || end(), { signal: done.signal });
    signal.addEventListener("abort", end, { signal: done.signal });
  });
}

/**
 * Follows one run to its end, over as many connections as it takes. Frames are numbered by the run, so that none comes
 * twice and none is missing.
 */
export class RunFollower {
  #after;

  /**
   * @param {string} runId
   * @param {number} after the number of the last frame already taken
   * @param {{frame: (data: Frame) => void, connected: (yes: boolean) => void}} listener
   */
  constructor(runId, after, listener) {
    this.runId = runId;
    this.#after = after;
    this.listener = listener;
  }

  /**
   * @param {AbortSignal} signal
   * @param {AsyncGenerator<NumberedFrame, void, void>} [open] a stream that already runs
   * @returns {Promise<"ended" | "gone">} ended: the last frame was given. gone: the server has no frames left to give,
   *   and the message has to be read from its chat. Throws the signal's reason only.
   */
  async follow(signal, open) {
    let stream = open;
    for (let failed = 0; ; ) {
      const before = this.#after;
      try {
        stream ??= await this.#connect(signal);
        if (!stream) return "gone";
        if (await this.#take(stream)) return "ended";
      } catch {
        signal.throwIfAborted();
      }
      stream = undefined;
      failed = this.#after > before ? 1 : failed + 1;
      this.listener.connected(false);
      await pause(failed, signal);
      signal.throwIfAborted();
    }
  }

  /** @param {AbortSignal} signal */
  async #connect(signal) {
    const response = await fetch(`/runs/${this.runId}/events?after=${this.#after}`, { signal });
    if (response.status === 204 || response.status === 404 || response.status === 410) return undefined;
    if (!response.ok || !response.body) throw new Error(`The server answered with status ${response.status}.`);
    this.listener.connected(true);
    return frames(response.body, signal);
  }

  /** @param {AsyncGenerator<NumberedFrame, void, void>} stream @returns {Promise<boolean>} whether the run ended */
  async #take(stream) {
    for await (const { id, data } of stream) {
      if (id <= this.#after) continue;
      this.#after = id;
      this.listener.frame(data);
      if (data.state) return true;
    }
    return false;
  }
}
